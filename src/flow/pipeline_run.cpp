// SPDX-License-Identifier: Apache-2.0
#include "cogway/flow/pipeline_run.hpp"

#include <utility>

#include "flow/run_core.hpp"

namespace cogway {

Operand Operand::of(BufferRef buffer) {
  Operand operand;
  BufferView view = BufferView::whole(std::move(buffer));
  view.to_abi(&operand.view);
  operand.keep = std::move(view.buffer);
  return operand;
}

Operand Operand::of(Input input) noexcept {
  Operand operand;
  operand.view = input.view();
  operand.held = std::move(input);
  return operand;
}

Operand Operand::of(std::span<const std::byte> bytes) noexcept {
  Operand operand;
  operand.view.size = sizeof(cogway_view);
  operand.view.ndim = 1;
  operand.view.data = const_cast<std::byte*>(bytes.data());  // inputs are read-only by contract
  operand.view.dtype = {COGWAY_UINT, 8, 1};
  operand.view.nbytes = bytes.size();
  operand.view.shape[0] = static_cast<std::int64_t>(bytes.size());
  operand.view.strides[0] = 1;
  return operand;
}

PipelineRun::PipelineRun(std::shared_ptr<detail::RunCore> core) noexcept : core_(std::move(core)) {}

PipelineRun& PipelineRun::operator=(PipelineRun&& other) noexcept {
  if (this != &other) {
    if (core_ != nullptr) core_->cancel();
    core_ = std::move(other.core_);
  }
  return *this;
}

PipelineRun::~PipelineRun() {
  if (core_ != nullptr) core_->cancel();
}

Next PipelineRun::try_next(Element* element) { return core_->try_next(element); }
TaskRef PipelineRun::wait_ready() { return core_->wait_ready(); }

Next PipelineRun::next(Element* element) {
  for (;;) {
    const Next found = core_->try_next(element);
    if (found != Next::pending) return found;
    core_->wait_ready()->wait_until();
  }
}

bool PipelineRun::cancel() { return core_->cancel(); }
TaskRef PipelineRun::wait_quiet() { return core_->wait_quiet(); }
bool PipelineRun::quiet() const { return core_->quiet(); }
std::vector<Failure> PipelineRun::failures() const { return core_->failures(); }
std::vector<Failure> PipelineRun::skipped() const { return core_->skipped(); }
PipelineStatistics PipelineRun::statistics() const { return core_->statistics(); }

Status PipelineRun::try_offer(std::span<Operand> operands, std::uint64_t index, bool* taken,
                              std::uint64_t* position) {
  return core_->try_offer(operands, index, taken, position);
}
TaskRef PipelineRun::wait_room() { return core_->wait_room(); }
void PipelineRun::end_source() { core_->end_source(); }
void PipelineRun::fail_source(StatusCode code, std::string message) {
  core_->fail_source(code, std::move(message));
}

bool PipelineRun::take_foreign(ForeignItem* item) { return core_->take_foreign(item); }
TaskRef PipelineRun::wait_foreign() { return core_->wait_foreign(); }
bool PipelineRun::foreign_over() const { return core_->foreign_over(); }
void PipelineRun::give_foreign(std::uint64_t ticket, std::span<Operand> operands,
                               const Status& status) {
  core_->give_foreign(ticket, operands, status);
}
std::vector<std::uint64_t> PipelineRun::left() { return core_->left(); }

}  // namespace cogway
