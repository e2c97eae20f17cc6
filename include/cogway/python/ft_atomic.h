/* SPDX-License-Identifier: Apache-2.0 */
/* CPython's own atomics, `_Py_atomic_*` of cpython/pyatomic.h, where the interpreter has none:
 * before 3.13. Real atomics there too, since native threads need no GIL to meet at a word. Each
 * step is what its name says in CPython 3.13: without a suffix sequentially consistent; what is
 * added and exchanged returns what was there; compare_exchange writes it to *expected where it
 * fails. Included by ft_compat.h. */
#ifndef COGWAY_PYTHON_FT_ATOMIC_H
#define COGWAY_PYTHON_FT_ATOMIC_H

#include <Python.h>

#if PY_VERSION_HEX < 0x030D0000

#include <stdint.h>

/* Names and types, as CPython spells them. X(name, type) */
#define COGWAY_FT_SIGNED_(X) \
  X(int, int)                \
  X(int8, int8_t)            \
  X(int16, int16_t) X(int32, int32_t) X(int64, int64_t) X(intptr, intptr_t) X(ssize, Py_ssize_t)
#define COGWAY_FT_BITS_(X) \
  X(uint8, uint8_t)        \
  X(uint16, uint16_t) X(uint32, uint32_t) X(uint64, uint64_t) X(uintptr, uintptr_t)
#define COGWAY_FT_ALL_(X) COGWAY_FT_SIGNED_(X) COGWAY_FT_BITS_(X) X(uint, unsigned int)

#define COGWAY_FT_LOAD_(name, type, order) \
  static inline type _Py_atomic_load_##name(const type* obj) { return __atomic_load_n(obj, order); }
#define COGWAY_FT_STORE_(name, type, order)                           \
  static inline void _Py_atomic_store_##name(type* obj, type value) { \
    __atomic_store_n(obj, value, order);                              \
  }

#define COGWAY_FT_NUMBER_(name, type)                                                             \
  static inline type _Py_atomic_add_##name(type* obj, type value) {                               \
    return __atomic_fetch_add(obj, value, __ATOMIC_SEQ_CST);                                      \
  }                                                                                               \
  static inline type _Py_atomic_exchange_##name(type* obj, type value) {                          \
    return __atomic_exchange_n(obj, value, __ATOMIC_SEQ_CST);                                     \
  }                                                                                               \
  static inline int _Py_atomic_compare_exchange_##name(type* obj, type* expected, type desired) { \
    return __atomic_compare_exchange_n(obj, expected, desired, 0, __ATOMIC_SEQ_CST,               \
                                       __ATOMIC_SEQ_CST);                                         \
  }                                                                                               \
  COGWAY_FT_LOAD_(name, type, __ATOMIC_SEQ_CST)                                                   \
  COGWAY_FT_STORE_(name, type, __ATOMIC_SEQ_CST)                                                  \
  COGWAY_FT_LOAD_(name##_relaxed, type, __ATOMIC_RELAXED)                                         \
  COGWAY_FT_STORE_(name##_relaxed, type, __ATOMIC_RELAXED)
COGWAY_FT_ALL_(COGWAY_FT_NUMBER_)

#define COGWAY_FT_BITWISE_(name, type)                              \
  static inline type _Py_atomic_and_##name(type* obj, type value) { \
    return __atomic_fetch_and(obj, value, __ATOMIC_SEQ_CST);        \
  }                                                                 \
  static inline type _Py_atomic_or_##name(type* obj, type value) {  \
    return __atomic_fetch_or(obj, value, __ATOMIC_SEQ_CST);         \
  }
COGWAY_FT_BITS_(COGWAY_FT_BITWISE_)

#define COGWAY_FT_PUBLISHING_(X) \
  X(int, int) X(uint32, uint32_t) X(uint64, uint64_t) X(uintptr, uintptr_t) X(ssize, Py_ssize_t)
#define COGWAY_FT_ACQUIRE_RELEASE_(name, type)            \
  COGWAY_FT_LOAD_(name##_acquire, type, __ATOMIC_ACQUIRE) \
  COGWAY_FT_STORE_(name##_release, type, __ATOMIC_RELEASE)
COGWAY_FT_PUBLISHING_(COGWAY_FT_ACQUIRE_RELEASE_)

COGWAY_FT_LOAD_(ullong_relaxed, unsigned long long, __ATOMIC_RELAXED)
COGWAY_FT_STORE_(ullong_relaxed, unsigned long long, __ATOMIC_RELAXED)

/* Pointers are void* to any pointer, as in CPython. */
static inline void* _Py_atomic_load_ptr(const void* obj) {
  return (void*)__atomic_load_n((void* const*)obj, __ATOMIC_SEQ_CST);
}
static inline void* _Py_atomic_load_ptr_relaxed(const void* obj) {
  return (void*)__atomic_load_n((void* const*)obj, __ATOMIC_RELAXED);
}
static inline void* _Py_atomic_load_ptr_acquire(const void* obj) {
  return (void*)__atomic_load_n((void* const*)obj, __ATOMIC_ACQUIRE);
}
static inline void _Py_atomic_store_ptr(void* obj, void* value) {
  __atomic_store_n((void**)obj, value, __ATOMIC_SEQ_CST);
}
static inline void _Py_atomic_store_ptr_relaxed(void* obj, void* value) {
  __atomic_store_n((void**)obj, value, __ATOMIC_RELAXED);
}
static inline void _Py_atomic_store_ptr_release(void* obj, void* value) {
  __atomic_store_n((void**)obj, value, __ATOMIC_RELEASE);
}
static inline void* _Py_atomic_exchange_ptr(void* obj, void* value) {
  return __atomic_exchange_n((void**)obj, value, __ATOMIC_SEQ_CST);
}
static inline int _Py_atomic_compare_exchange_ptr(void* obj, void* expected, void* desired) {
  return __atomic_compare_exchange_n((void**)obj, (void**)expected, desired, 0, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

static inline void _Py_atomic_fence_seq_cst(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void _Py_atomic_fence_acquire(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
static inline void _Py_atomic_fence_release(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }

#undef COGWAY_FT_SIGNED_
#undef COGWAY_FT_BITS_
#undef COGWAY_FT_ALL_
#undef COGWAY_FT_LOAD_
#undef COGWAY_FT_STORE_
#undef COGWAY_FT_NUMBER_
#undef COGWAY_FT_BITWISE_
#undef COGWAY_FT_PUBLISHING_
#undef COGWAY_FT_ACQUIRE_RELEASE_

#endif /* before 3.13 */
#endif /* COGWAY_PYTHON_FT_ATOMIC_H */
