// SPDX-License-Identifier: Apache-2.0
#include "jpeg_memory.hpp"

#include <jerror.h>

#include <cstring>
#include <type_traits>

// libjpeg only passes pointers to this struct around; the memory manager defines it.
struct jvirt_barray_control {
  JBLOCKARRAY rows;
  JDIMENSION blocks_per_row;
  JDIMENSION row_count;
  bool zeroed;
  jvirt_barray_control* next;
};

namespace cogway_image {
namespace {

constexpr std::size_t kAlign = 64;  // libjpeg-turbo's SIMD needs 32
constexpr std::size_t kChunk = std::size_t{256} << 10;

JpegMemory& memory_of(j_common_ptr object) {
  return *static_cast<JpegMemory*>(object->client_data);
}

[[noreturn]] void give_up(j_common_ptr object, int message) {
  object->err->msg_code = message;
  object->err->msg_parm.i[0] = 0;
  object->err->error_exit(object);
  __builtin_unreachable();  // error_exit jumps
}

void* take_or_exit(j_common_ptr object, std::size_t bytes) {
  void* const block = memory_of(object).take(bytes);
  if (block == nullptr) give_up(object, JERR_OUT_OF_MEMORY);
  return block;
}

// libjpeg's pools (of the object, of the image) both end with the call here.
void* alloc(j_common_ptr object, int /*pool*/, std::size_t bytes) {
  return take_or_exit(object, bytes);
}

template <typename Row>
Row* alloc_rows(j_common_ptr object, std::size_t row_bytes, JDIMENSION count) {
  using Element = std::remove_pointer_t<Row>;
  // SIMD routines write whole vectors: a row ends on a multiple of two of them, as in
  // libjpeg-turbo.
  const std::size_t stride = (row_bytes + kAlign - 1) / kAlign * kAlign + kAlign;
  Row* const rows = static_cast<Row*>(take_or_exit(object, count * sizeof(Row)));
  auto* const block = static_cast<std::uint8_t*>(take_or_exit(object, stride * count));
  for (JDIMENSION i = 0; i < count; ++i) {
    rows[i] = static_cast<Element*>(static_cast<void*>(block + stride * i));
  }
  return rows;
}

JSAMPARRAY alloc_sarray(j_common_ptr object, int /*pool*/, JDIMENSION samples, JDIMENSION count) {
  return alloc_rows<JSAMPROW>(object, samples * sizeof(JSAMPLE), count);
}

JBLOCKARRAY alloc_barray(j_common_ptr object, int /*pool*/, JDIMENSION blocks, JDIMENSION count) {
  return alloc_rows<JBLOCKROW>(object, blocks * sizeof(JBLOCK), count);
}

jvirt_barray_ptr request_virt_barray(j_common_ptr object, int /*pool*/, boolean pre_zero,
                                     JDIMENSION blocks, JDIMENSION count,
                                     JDIMENSION /*max_access*/) {
  auto* const array =
      static_cast<jvirt_barray_control*>(take_or_exit(object, sizeof(jvirt_barray_control)));
  JpegMemory& memory = memory_of(object);
  *array = {nullptr, blocks, count, pre_zero != FALSE, memory.requested};
  memory.requested = array;
  return array;
}

void realize_virt_arrays(j_common_ptr object) {
  JpegMemory& memory = memory_of(object);
  for (jvirt_barray_control* a = memory.requested; a != nullptr; a = a->next) {
    a->rows = alloc_rows<JBLOCKROW>(object, a->blocks_per_row * sizeof(JBLOCK), a->row_count);
    if (!a->zeroed) continue;
    for (JDIMENSION y = 0; y < a->row_count; ++y) {
      std::memset(a->rows[y], 0, a->blocks_per_row * sizeof(JBLOCK));
    }
  }
  memory.requested = nullptr;
}

JBLOCKARRAY access_virt_barray(j_common_ptr object, jvirt_barray_ptr array, JDIMENSION start,
                               JDIMENSION count, boolean /*writable*/) {
  if (array->rows == nullptr || start > array->row_count || count > array->row_count - start) {
    give_up(object, JERR_BAD_VIRTUAL_ACCESS);
  }
  return array->rows + start;
}

// Arrays of samples serve colour quantisation alone, which is never asked for.
jvirt_sarray_ptr request_virt_sarray(j_common_ptr object, int, boolean, JDIMENSION, JDIMENSION,
                                     JDIMENSION) {
  give_up(object, JERR_OUT_OF_MEMORY);
}

void free_pool(j_common_ptr object, int /*pool*/) { memory_of(object).requested = nullptr; }

}  // namespace

void JpegMemory::install(j_common_ptr object) noexcept {
  object->mem->alloc_small = alloc;
  object->mem->alloc_large = alloc;
  object->mem->alloc_sarray = alloc_sarray;
  object->mem->alloc_barray = alloc_barray;
  object->mem->request_virt_sarray = request_virt_sarray;
  object->mem->request_virt_barray = request_virt_barray;
  object->mem->realize_virt_arrays = realize_virt_arrays;
  object->mem->access_virt_barray = access_virt_barray;
  object->mem->free_pool = free_pool;
}

void JpegMemory::begin(const Call* call) noexcept {
  call_ = call;
  next_ = nullptr;
  left_ = 0;
  requested = nullptr;
}

void JpegMemory::end() noexcept { begin(nullptr); }

void* JpegMemory::take(std::size_t bytes) noexcept {
  if (bytes > SIZE_MAX - kAlign || call_ == nullptr) return nullptr;
  bytes = (bytes + kAlign - 1) / kAlign * kAlign;
  if (bytes > left_) {
    const std::size_t chunk = bytes > kChunk / 2 ? bytes : kChunk;
    auto* const fresh = static_cast<std::uint8_t*>(call_->scratch(chunk));
    if (fresh == nullptr) return nullptr;
    if (chunk == bytes) return fresh;  // what is left of the present chunk stays in use
    next_ = fresh;
    left_ = chunk;
  }
  void* const block = next_;
  next_ += bytes;
  left_ -= bytes;
  return block;
}

}  // namespace cogway_image
