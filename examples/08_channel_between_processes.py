# SPDX-License-Identifier: Apache-2.0
"""Two processes and two channels: pictures go one way without a copy, answers come back."""

import subprocess
import sys
import uuid

import cogway

WORKER = """
import sys
import cogway

with cogway.Bus.open(sys.argv[1]) as bus:
    answers = bus.channel("answers")
    for picture in bus.channel("pictures"):  # until it is closed, and empty
        answers.send(b"%d" % max(memoryview(picture)))
"""


def main() -> None:
    """Send ten pictures to another process, and print the brightest pixel of each."""
    name = f"example-{uuid.uuid4().hex[:8]}"
    with cogway.Bus.create(name, bytes=16 << 20) as bus:
        pictures = bus.channel("pictures", capacity=4)  # a sender waits when four are inside
        answers = bus.channel("answers")
        worker = subprocess.Popen([sys.executable, "-c", WORKER, name])
        for i in range(10):
            picture = bus.lease(640 * 480)
            with memoryview(picture) as pixels:
                pixels[i] = 100 + i
            pictures.send(picture)
            picture.release()  # the message keeps it until it is received
        pictures.close()
        print([int(answers.receive(timeout=30)) for _ in range(10)])
        worker.wait()


if __name__ == "__main__":
    main()
