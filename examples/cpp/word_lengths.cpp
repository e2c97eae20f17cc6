// SPDX-License-Identifier: Apache-2.0
// The engine and a pipeline from plain C++, with no Python on the machine: reads the files named on
// the command line (or this program itself) and prints how long each is.

#include <cogway/engine/engine.hpp>
#include <cogway/flow/pipeline.hpp>
#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.empty()) paths.emplace_back(argv[0]);

  cogway::EngineOptions options;
  options.background_workers = 2;
  cogway::Engine engine(options);

  cogway::Pipeline pipeline(engine);
  pipeline.source(cogway::SourceList::of(paths)).native("file.read");
  cogway::PipelineRun run = pipeline.start();

  cogway::Element element;
  cogway::Next found = run.next(&element);
  for (; found == cogway::Next::element; found = run.next(&element)) {
    const std::string& path = paths[element.members[0].index];
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(element.buffers[0].nbytes()),
                path.c_str());
  }
  for (const cogway::Failure& failure : run.failures()) {
    std::fprintf(stderr, "%s: %s\n", failure.name.c_str(), failure.status.message().c_str());
  }
  return found == cogway::Next::end ? 0 : 1;
}
