// SPDX-License-Identifier: Apache-2.0
// A program without Python that takes part in a bus by name: `bus_peer NAME` reads handles, three
// numbers a line, from standard input, and answers each with the handle of a buffer of its own that
// holds the sum of the float64 values that it found.
//
// In Python:  bus.hand_over(buffer)  gives the three numbers,  bus.attach(...)  takes them.

#include <cstdio>
#include <iostream>
#include <memory>

#include "cogway/bus/shared_bus.hpp"

int main(int count, char** words) {
  if (count != 2) {
    std::cerr << "usage: bus_peer NAME\n";
    return 2;
  }
  std::shared_ptr<cogway::SharedBus> bus;
  if (const cogway::Status status = cogway::SharedBus::open(words[1], &bus); !status.ok()) {
    std::cerr << status.message() << '\n';
    return 1;
  }
  cogway::BufferId handle;
  while (std::cin >> handle.size_class >> handle.block >> handle.generation) {
    cogway::BufferRef values;
    cogway::BufferRef sum;
    cogway::Layout scalar;
    cogway::Status status = bus->attach(handle, &values);
    if (status.ok() && values.layout().dtype != cogway::kFloat64) {
      status = {cogway::StatusCode::invalid_argument, "float64 values are wanted"};
    }
    if (status.ok()) status = cogway::Layout::contiguous(cogway::kFloat64, {}, &scalar);
    if (status.ok()) status = bus->lease(scalar, &sum);
    if (status.ok()) {
      double total = 0;
      const auto* at = reinterpret_cast<const double*>(values.data());
      for (std::uint64_t i = 0; i < values.layout().size(); ++i) total += at[i];
      *reinterpret_cast<double*>(sum.mutable_data()) = total;
      status = bus->hand_over(sum, &handle);
    }
    if (!status.ok()) {
      std::cerr << status.message() << '\n';
      return 1;
    }
    std::cout << handle.size_class << ' ' << handle.block << ' ' << handle.generation << std::endl;
  }
  return 0;
}
