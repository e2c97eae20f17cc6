// SPDX-License-Identifier: Apache-2.0
#pragma once
// The state of one epoch. Everything here is under one lock, held for bookkeeping only; a change
// collects its Effects, which are carried out after the lock is released. The law is in
// pipeline.hpp.
//
// clang-format off
//   admission.cpp    source, room, places in batches
//   chain.cpp        one item through its kernels
//   passage.cpp      from segment to segment, and items that do not arrive
//   handover.cpp     consumer and foreign side
//   run_core.cpp     queues, ends, failures, effects
// clang-format on

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cogway/base/assert.hpp"
#include "cogway/bus/bus.hpp"
#include "cogway/engine/engine.hpp"
#include "cogway/flow/permutation.hpp"
#include "cogway/flow/pipeline_run.hpp"
#include "flow/batch_assembler.hpp"
#include "flow/effects.hpp"
#include "flow/item.hpp"
#include "flow/plan.hpp"
#include "flow/run_state.hpp"

namespace cogway::detail {

/// **Threads**: any. **Ownership**: shared by the handle and by every task and foreign item in
/// flight.
/// **Progress**: locks briefly. **Order**: the lock's.
class RunCore : public std::enable_shared_from_this<RunCore> {
 public:
  RunCore(Engine& engine, std::shared_ptr<const Plan> plan, std::uint64_t epoch);
  ~RunCore();

  void begin();

  // Consumer.
  Next try_next(Element* element);
  TaskRef wait_ready();
  bool cancel();
  TaskRef wait_quiet();
  bool quiet();
  std::vector<Failure> failures();
  std::vector<Failure> skipped();
  PipelineStatistics statistics();
  std::vector<std::uint64_t> left();

  // Open source.
  Status try_offer(std::span<Operand> operands, std::uint64_t index, bool* taken,
                   std::uint64_t* position);
  TaskRef wait_room();
  void end_source();
  void fail_source(StatusCode code, std::string message);

  // Foreign stages.
  bool take_foreign(ForeignItem* item);
  TaskRef wait_foreign();
  bool foreign_over();
  void give_foreign(std::uint64_t ticket, std::span<Operand> operands, const Status& status);

  // Chains (on a worker).
  StatusCode run_chain(Item& item, TaskContext& context) noexcept;
  void chain_over(Item& item) noexcept;

 private:
  using Lock = std::unique_lock<std::mutex>;
  static constexpr std::size_t kKeptSkips = 64;

  // admission.cpp
  [[nodiscard]] bool has_room();
  [[nodiscard]] bool open_batch(std::uint64_t position);
  [[nodiscard]] bool lease_buffers(OpenBatch& batch);
  Item* admit(std::uint64_t index);
  void admit_listed(Effects& effects);
  [[nodiscard]] bool bytes_allow(std::uint64_t more, bool alone) const noexcept;
  void add_bytes(std::uint64_t bytes) noexcept;
  void learn_places(std::span<const Layout> layouts);
  void forget_places() noexcept;
  static void on_bytes_freed(void* run) noexcept;
  void wait_for_bus() noexcept;
  void resume_after_bus(Effects& effects);
  void park(Item* item, Effects& effects);

  // chain.cpp
  StatusCode run_stages(Item& item, TaskContext& context);
  void settle_chain(Item& item);
  bool call_stage(Item& item, std::uint32_t stage, std::span<const Operand> operands,
                  CallResult* result, TaskContext& context);
  bool prepare_places(Item& item, std::uint32_t stage, std::span<const Operand> operands,
                      TaskContext& context);
  bool describe_places(Item& item, std::uint32_t stage, std::span<const Operand> operands,
                       TaskContext& context, std::vector<Layout>* places);
  bool set_params(Item& item, std::uint32_t stage, std::span<const Operand>* operands);
  [[nodiscard]] const ParamValues& params_of(const Item& item, std::uint32_t stage) const;
  static void compact(Item& item);

  // passage.cpp
  void enter(Item* item, std::uint32_t segment, Effects& effects);
  void leave_segment(Item* item, Effects& effects);
  void into_batch(Item* item, Effects& effects);
  void close_complete_batches(Effects& effects);
  void finish_batch(OpenBatch* batch, Effects& effects);
  void deliver(Item* item);
  void settle_order();
  void drop_item(Item* item, Effects& effects);
  void item_failed(Item* item, Failure failure, Effects& effects);
  void fail(Failure failure, Effects& effects);
  void stop_all(RunState state, Effects& effects);

  // run_core.cpp
  Item* new_item();
  void free_item(Item* item, Effects& effects);
  void pump(Effects& effects);
  void signal_waiters(Effects& effects);
  void dispatch(Item& item);
  [[nodiscard]] bool ended() const noexcept;
  [[nodiscard]] bool quiet_locked() const noexcept;
  [[nodiscard]] bool ready_locked() const noexcept;
  [[nodiscard]] bool foreign_ready() const noexcept;
  [[nodiscard]] std::int64_t now() const noexcept;

  /// Runs `change(effects)` under the lock, then its effects.
  template <typename Change>
  void apply(Change&& change);
  void carry_out(Effects& effects);
  TaskRef new_wait(std::vector<TaskRef>& waits, bool over);

  Engine& engine_;
  const std::shared_ptr<Bus> bus_;
  const std::shared_ptr<const Plan> plan_;
  const std::uint64_t epoch_;
  const Permutation order_;

  std::mutex mutex_;
  RunState state_ = RunState::running;
  std::deque<Item> items_;
  Item* free_items_ = nullptr;
  std::vector<SegmentState> segments_;
  std::vector<StageCounters> stages_;
  BatchAssembler assembler_;
  std::vector<std::unique_ptr<Effects>> spare_effects_;

  std::uint64_t admitted_ = 0;
  bool source_ended_ = false;
  bool source_waits_ = false;     ///< has_room() said no since the last signal
  std::uint64_t live_items_ = 0;  ///< admitted, neither handed over nor gone
  std::uint64_t live_most_ = 0;
  std::uint64_t moving_ = 0;    ///< live items that have not come to rest in batch or sink
  std::uint64_t tasks_ = 0;     ///< chains submitted and not over
  std::uint64_t abroad_ = 0;    ///< items in foreign hands
  std::uint64_t carrying_ = 0;  ///< effects being carried out: buffers may still be held

  std::vector<Layout> batch_layouts_;  ///< of a batch, per output; empty: not known yet
  std::uint64_t batch_bytes_ = 0;
  std::uint64_t bytes_ = 0, bytes_most_ = 0;
  std::uint64_t largest_item_ = 0;  ///< bytes of an item at rest, the most so far
  bool item_size_known_ = false;
  ItemQueue parked_;                         ///< found the bus full
  bool bus_waiter_ = false;                  ///< announced to the bus
  bool bus_refused_ = false;                 ///< the source waits for the bus
  std::atomic<bool> resume_pending_{false};  ///< a task that will look again is on its way
  std::shared_ptr<RunCore> keep_alive_;      ///< itself, while chains are in flight

  std::uint64_t next_out_ = 0;   ///< ordered: number of the next element
  std::vector<ReadySlot> ring_;  ///< ordered: by number modulo prefetch
  ItemQueue ready_;              ///< as completed
  std::uint64_t ready_count_ = 0;
  std::uint64_t live_elements_ = 0;  ///< open and finished batches, or items

  std::vector<Failure> failures_;
  std::deque<Failure> skips_;
  std::vector<std::uint64_t> left_;
  bool has_foreign_ = false;
  std::vector<TaskRef> ready_waits_, quiet_waits_, room_waits_, foreign_waits_;

  std::uint64_t skipped_ = 0, elements_ = 0, items_out_ = 0, bus_waits_ = 0, consumer_waits_ = 0;
  std::int64_t consumer_wait_ns_ = 0, consumer_since_ns_ = 0, begun_ns_ = 0, ended_ns_ = 0;

  FreedHook bus_hook_;  ///< last: ends before what it touches
};

}  // namespace cogway::detail
