// SPDX-License-Identifier: Apache-2.0
#include "bus/shared_segments.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "bus/shared_step.hpp"
#include "cogway/base/os/memory_file.hpp"

namespace cogway::detail {
namespace {

constexpr const char* kPrefix = "cogway.";
constexpr const char* kControlSuffix = ".bus";

std::string control_path(const std::string& name) {
  return shared_folder() + '/' + kPrefix + name + kControlSuffix;
}

// The number tells the data of one bus from that of the next one of its name.
std::string data_path(const std::string& name, const Preamble& preamble) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string number;
  for (int shift = 60; shift >= 0; shift -= 4) number += kDigits[(preamble.id[0] >> shift) & 15];
  return shared_folder() + '/' + kPrefix + name + '.' + number + ".data";
}

std::string quoted(const std::string& name) { return "bus '" + name + "'"; }

// Whether this user alone can have written it.
Status check_rights(const std::string& what, const os::FileFacts& facts) {
  if (!facts.regular) return {StatusCode::invalid_argument, what + " is not a regular file"};
  if (facts.owner != os::effective_user()) {
    return {StatusCode::failed_precondition,
            what + " belongs to user " + std::to_string(facts.owner) + ", this process runs as " +
                std::to_string(os::effective_user())};
  }
  if (facts.mode != 0600) {
    return {StatusCode::failed_precondition,
            what + " can be opened by others: its mode must be 0600"};
  }
  return {};
}

Status from_errno(const std::string& what, int error) {
  if (error == ENOENT) return {StatusCode::not_found, "there is no " + what};
  if (error == EACCES || error == EPERM) {
    return {StatusCode::failed_precondition, what + " belongs to another user"};
  }
  return {StatusCode::unavailable, what + " cannot be opened: " + std::strerror(error)};
}

Status from_system(const std::system_error& error) {
  const int code = error.code().value();
  const bool full = code == ENOSPC || code == ENOMEM || code == EDQUOT;
  return {full ? StatusCode::resource_exhausted : StatusCode::unavailable, error.what()};
}

}  // namespace

std::string shared_folder() {
  const char* folder = std::getenv("COGWAY_BUS_DIR");
  return folder != nullptr && *folder != '\0' ? folder : "/dev/shm";
}

Status check_shared_name(const std::string& name) {
  bool right = !name.empty() && name.size() <= 64;
  for (const char c : name) {
    right = right && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-');
  }
  if (right) return {};
  return {StatusCode::invalid_argument,
          "the name of a bus is 1 to 64 letters, digits, '_' or '-', not '" + name + "'"};
}

std::vector<std::string> shared_names() {
  std::vector<std::string> names;
  for (const std::string& file : os::file_names(shared_folder(), kPrefix)) {
    if (!file.ends_with(kControlSuffix)) continue;
    names.push_back(file.substr(std::strlen(kPrefix),
                                file.size() - std::strlen(kPrefix) - std::strlen(kControlSuffix)));
  }
  return names;
}

SharedSegments::SharedSegments(std::string name, const SharedPlan& plan, os::SharedMemory control,
                               os::SharedMemory data)
    : name_(std::move(name)),
      plan_(plan),
      control_memory_(std::move(control)),
      data_memory_(std::move(data)),
      control_mapping_(control_memory_, os::Access::read_write, 0, plan_.control_bytes),
      writable_(data_memory_, os::Access::read_write, 0, plan_.data_bytes),
      readable_(data_memory_, os::Access::read, 0, plan_.data_bytes),
      locks_(control_memory_.fd()),
      control_(reinterpret_cast<SharedControl*>(control_mapping_.data())),
      caller_(std::make_unique<LoopCaller>(*control_)),
      warm_(reinterpret_cast<HintWord<>*>(control_mapping_.data() + plan_.warm_offset)),
      cold_(reinterpret_cast<HintWord<>*>(control_mapping_.data() + plan_.cold_offset)),
      headers_(reinterpret_cast<SharedHeader*>(control_mapping_.data() + plan_.headers_offset)) {
  control_mapping_.exclude_from_core_dumps();
  writable_.exclude_from_core_dumps();
  readable_.exclude_from_core_dumps();
}

Status SharedSegments::make(const std::string& name, std::uint64_t capacity, Out out) {
  const SharedPlan plan(capacity);
  const std::string folder = shared_folder();
  if (!name.empty() && !os::is_memory_folder(folder)) {
    return {StatusCode::failed_precondition,
            "'" + folder + "' is not a folder on tmpfs: set COGWAY_BUS_DIR to one"};
  }
  try {
    const auto memory = [&](const char* label, std::uint64_t bytes) {
      return name.empty() ? os::SharedMemory(label, bytes)
                          : os::SharedMemory::of_file(os::create_nameless_file(folder, bytes));
    };
    os::SharedMemory control = memory("cogway-shared-control", plan.control_bytes);
    os::SharedMemory data = memory("cogway-shared-data", plan.data_bytes);
    if (!control.allocate_pages(0, sizeof(SharedControl))) {
      return {StatusCode::resource_exhausted, "no memory left for the tables of " + quoted(name)};
    }
    const os::FileFacts facts = os::file_facts(data.fd());
    out->reset(new SharedSegments(name, plan, std::move(control), std::move(data)));
    new ((*out)->control_) SharedControl;
    (*out)->control_->preamble = Preamble::make(plan, facts);
  } catch (const std::system_error& error) {
    return from_system(error);
  }
  return {};
}

// What is read before it is known to be a bus is read from a copy of the first bytes.
Status SharedSegments::check_and_map(const std::string& what, std::string name,
                                     os::SharedMemory control, os::SharedMemory data, Out out) {
  Preamble preamble;
  if (control.size() < sizeof(SharedControl)) {
    return {StatusCode::data_loss, what + " is damaged: its control file is too short"};
  }
  {
    const os::Mapping first(control, os::Access::read, 0, os::page_size());
    std::memcpy(&preamble, first.data(), sizeof(preamble));
  }
  if (Status status = preamble.check(what); !status.ok()) return status;
  const SharedPlan plan(preamble.capacity);
  const os::FileFacts facts = os::file_facts(data.fd());
  if (facts.device != preamble.data_device || facts.inode != preamble.data_inode) {
    return {StatusCode::data_loss, what + " is damaged: its data file is another bus's"};
  }
  if (control.size() != plan.control_bytes || data.size() != plan.data_bytes) {
    return {StatusCode::data_loss,
            what + " is damaged: its files do not have the size that its " + "capacity needs"};
  }
  out->reset(new SharedSegments(std::move(name), plan, std::move(control), std::move(data)));
  return {};
}

Status SharedSegments::open(const std::string& name, Out out) {
  int error = 0;
  try {
    os::FileDescriptor control = os::open_memory_file(control_path(name), &error);
    if (!control) return from_errno(quoted(name), error);
    if (Status status = check_rights(quoted(name), os::file_facts(control.get())); !status.ok()) {
      return status;
    }
    os::SharedMemory memory = os::SharedMemory::of_file(std::move(control));
    if (memory.size() < sizeof(SharedControl)) {
      return {StatusCode::data_loss, quoted(name) + " is damaged: its control file is too short"};
    }
    Preamble preamble;
    {
      const os::Mapping first(memory, os::Access::read, 0, os::page_size());
      std::memcpy(&preamble, first.data(), sizeof(preamble));
    }
    if (Status status = preamble.check(quoted(name)); !status.ok()) return status;
    os::FileDescriptor data = os::open_memory_file(data_path(name, preamble), &error);
    if (!data) return from_errno("data file of " + quoted(name), error);
    if (Status status = check_rights(quoted(name), os::file_facts(data.get())); !status.ok()) {
      return status;
    }
    return check_and_map(quoted(name), name, std::move(memory),
                         os::SharedMemory::of_file(std::move(data)), out);
  } catch (const std::system_error& failure) {
    return from_system(failure);
  }
}

Status SharedSegments::adopt(os::FileDescriptor control, os::FileDescriptor data, Out out) {
  try {
    return check_and_map("the bus handed over", {}, os::SharedMemory::adopt(std::move(control)),
                         os::SharedMemory::adopt(std::move(data)), out);
  } catch (const std::invalid_argument& failure) {
    return {StatusCode::invalid_argument, failure.what()};
  } catch (const std::system_error& failure) {
    return from_system(failure);
  }
}

// ---- names --------------------------------------------------------------------------------------

bool SharedSegments::retire() const noexcept {
  if (!locks_.try_lock(kReplacingByte)) return false;
  const std::uint64_t members = control_->members.members();
  for (std::uint32_t i = 0; i < kSharedParticipants; ++i) {
    if ((members >> i & 1) != 0 && !locks_.try_lock(i)) return false;
  }
  if (!control_->members.close_if(members)) return false;
  unlink();
  return true;
}

// Whether the name is free now: nobody who takes part in the bus that had it lives.
bool SharedSegments::replace_dead(const std::string& path, Status* why) const {
  std::unique_ptr<SharedSegments> old;
  *why = open(name_, &old);
  if (why->code() == StatusCode::not_found) {
    int error = 0;
    // Without its data file it is nobody's: who takes part has both open, and could not be joined.
    const os::FileDescriptor control = os::open_memory_file(path, &error);
    return !control || os::unlink_file(path);
  }
  if (!why->ok()) return false;
  *why = {StatusCode::already_exists, quoted(name_) + " exists, and a process takes part in it"};
  return old->retire();
}

Status SharedSegments::publish() const {
  if (name_.empty()) return {};
  const std::string path = control_path(name_);
  const std::string data = data_path(name_, control_->preamble);
  Status why;
  try {
    if (!os::link_file(data_memory_.fd(), data)) {
      return {StatusCode::already_exists, "'" + data + "' is in the way"};
    }
    shared_step("publish.data");
    while (!os::link_file(control_memory_.fd(), path)) {
      if (replace_dead(path, &why)) continue;
      os::unlink_file(data);
      if (why.code() == StatusCode::already_exists) return why;
      return {StatusCode::already_exists, why.message() + ": its name cannot be used"};
    }
    shared_step("publish.control");
    // What creators that were killed left behind; a living one finds the name taken now.
    const std::string folder = shared_folder() + '/';
    for (const std::string& file : os::file_names(shared_folder(), kPrefix + name_ + '.')) {
      if (file.ends_with(".data") && folder + file != data) os::unlink_file(folder + file);
    }
  } catch (const std::system_error& failure) {
    os::unlink_file(data);
    return from_system(failure);
  }
  return {};
}

void SharedSegments::unlink() const noexcept {
  if (name_.empty()) return;
  try {
    const std::string path = control_path(name_);
    int error = 0;
    const os::FileDescriptor found = os::open_memory_file(path, &error);
    if (found && os::file_facts(found.get()).same_file(os::file_facts(control_memory_.fd()))) {
      os::unlink_file(path);
    }
    os::unlink_file(data_path(name_, control_->preamble));
  } catch (const std::exception&) {
    // No memory for a path: the files stay, as those of a killed process do.
  }
}

bool SharedSegments::linked() const noexcept {
  try {
    return !name_.empty() && os::file_facts(control_memory_.fd()).links != 0;
  } catch (const std::system_error&) {
    return false;
  }
}

// ---- pages --------------------------------------------------------------------------------------

bool SharedSegments::allocate_tables(const ClassPlan& at, std::uint32_t first) const noexcept {
  const std::uint64_t word = (at.first_map + first / HintWord<>::kBlocks) * sizeof(HintWord<>);
  return control_memory_.allocate_pages(plan_.warm_offset + word, sizeof(HintWord<>)) &&
         control_memory_.allocate_pages(plan_.cold_offset + word, sizeof(HintWord<>)) &&
         control_memory_.allocate_pages(
             plan_.headers_offset + (at.first + first) * sizeof(SharedHeader),
             at.group * sizeof(SharedHeader));
}

bool SharedSegments::allocate_group(const ClassPlan& at, std::uint32_t first) const noexcept {
  if (!data_memory_.allocate_pages(at.offset_of(first), at.group_bytes())) return false;
  try {
    writable_.prefault(at.offset_of(first), at.group_bytes());
  } catch (const std::system_error&) {
    // The pages are there: they are mapped at first touch.
  }
  return true;
}

void SharedSegments::release(std::uint64_t offset, std::uint64_t bytes) noexcept {
  try {
    data_memory_.release_pages(offset, bytes);
  } catch (const std::system_error&) {
    // Nothing is lost but memory that stays until the bus ends.
  }
}

}  // namespace cogway::detail
