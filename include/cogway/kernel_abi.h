/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COGWAY_KERNEL_ABI_H
#define COGWAY_KERNEL_ABI_H
/*
 * The C ABI between cogway and a native kernel. A kernel pack is a shared object that exports
 *
 *     const cogway_pack* cogway_pack_v1(const cogway_host* host);
 *
 * and sees nothing of cogway but this header: no C++, no Python, no symbol of the core. It is
 * opened RTLD_LOCAL and never closed.
 *
 * Versioning. COGWAY_KERNEL_ABI changes only when an old pack could not run. Structs grow at their
 * end; every struct begins with its size as the writer knew it, and a reader looks at no field
 * beyond that.
 *
 * Threads. Every function pointer here may be called from any native thread, several at a time.
 * None may throw, call Python, or keep a pointer it was given after it returns.
 */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COGWAY_KERNEL_ABI 1u
#define COGWAY_MAX_NDIM 8u
#define COGWAY_MAX_BUFFERS 8u /* inputs of one call; outputs likewise */

/* Status codes; equal to cogway::StatusCode. A kernel returns one. */
enum {
  COGWAY_OK = 0,
  COGWAY_CANCELLED = 1,
  COGWAY_INVALID_ARGUMENT = 2,
  COGWAY_DEADLINE_EXCEEDED = 3,
  COGWAY_NOT_FOUND = 4,
  COGWAY_ALREADY_EXISTS = 5,
  COGWAY_RESOURCE_EXHAUSTED = 6,
  COGWAY_FAILED_PRECONDITION = 7,
  COGWAY_DATA_LOSS = 8,
  COGWAY_UNIMPLEMENTED = 9,
  COGWAY_UNAVAILABLE = 10,
  COGWAY_INTERNAL = 11
};

/* Element type, laid out and coded as DLPack's DLDataType. */
enum { COGWAY_INT = 0, COGWAY_UINT = 1, COGWAY_FLOAT = 2, COGWAY_BFLOAT = 4, COGWAY_BOOL = 6 };
typedef struct cogway_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes; /* 1 */
} cogway_dtype;

/* A typed view of memory. Strides are in bytes. Inputs are read-only. */
typedef struct cogway_view {
  uint32_t size; /* sizeof(cogway_view) */
  uint32_t ndim;
  void* data;
  cogway_dtype dtype;
  uint32_t flags;  /* 0 */
  uint64_t nbytes; /* bytes that may be touched from data on */
  int64_t shape[COGWAY_MAX_NDIM];
  int64_t strides[COGWAY_MAX_NDIM];
} cogway_view;

/* What describe() says of an output: C-contiguous, dtype, and an upper bound of its shape. */
typedef struct cogway_output_spec {
  uint32_t size;
  uint32_t ndim;
  cogway_dtype dtype;
  uint32_t flags; /* COGWAY_OUTPUT_* */
  int64_t shape[COGWAY_MAX_NDIM];
} cogway_output_spec;
enum { COGWAY_OUTPUT_BOUND = 1 }; /* shape is a bound: run() calls set_output_shape */

/* Parameters: one typed list. A kernel declares them; the engine checks, converts and fills in
 * defaults, and passes the values in the order of declaration. */
enum {
  COGWAY_PARAM_BOOL = 1,   /* i: 0 or 1 */
  COGWAY_PARAM_INT = 2,    /* i */
  COGWAY_PARAM_FLOAT = 3,  /* f */
  COGWAY_PARAM_STRING = 4, /* s, count bytes, also NUL-terminated */
  COGWAY_PARAM_INTS = 5,   /* ints, count of them */
  COGWAY_PARAM_FLOATS = 6, /* floats, count of them */
  COGWAY_PARAM_CHOICE = 7  /* given as one of choices; i: its index */
};
typedef union cogway_value_data {
  int64_t i;
  double f;
  const char* s;
  const int64_t* ints;
  const double* floats;
} cogway_value_data;
typedef struct cogway_value {
  uint32_t type;  /* COGWAY_PARAM_*; 0: not given and no default */
  uint32_t count; /* elements of s, ints, floats */
  cogway_value_data as;
} cogway_value;
typedef struct cogway_param_spec {
  uint32_t size;
  uint32_t type;
  const char* name; /* a Python identifier */
  const char* doc;
  uint32_t flags;     /* COGWAY_PARAM_REQUIRED */
  uint32_t min_count; /* STRING, INTS, FLOATS: least length */
  uint32_t max_count; /* and greatest; 0: no limit */
  uint32_t reserved;  /* 0 */
  double min_value;   /* INT, FLOAT (each element of lists): inclusive; both 0: no limit */
  double max_value;
  const char* const* choices; /* CHOICE: NULL-terminated */
  cogway_value default_value; /* type 0: none */
} cogway_param_spec;
enum { COGWAY_PARAM_REQUIRED = 1 };

typedef struct cogway_context cogway_context; /* one call's; opaque */

/* One call of a kernel. */
typedef struct cogway_call {
  uint32_t size;
  uint32_t n_inputs;
  uint32_t n_outputs;
  uint32_t n_params;
  const cogway_view* inputs;
  const cogway_view* outputs; /* in run(): where to write; in describe(): NULL */
  const cogway_value* params; /* n_params, order of declaration */
  cogway_context* context;
  const void* data; /* of the kernel's declaration */
} cogway_call;

/* The body of a parallel_for: [begin, end) of the range, on any worker. Returns a status code. */
typedef int32_t (*cogway_range_body)(void* argument, int64_t begin, int64_t end);
/* The body of a parallel_reduce: the same, adding what it finds to *partial, which is its own. */
typedef int32_t (*cogway_reduce_body)(void* argument, int64_t begin, int64_t end, void* partial);
/* Adds *partial to *into; on the thread that called parallel_reduce. */
typedef void (*cogway_combine)(void* argument, void* into, const void* partial);

/* What the engine offers to a running kernel. */
typedef struct cogway_host {
  uint32_t size;
  uint32_t abi; /* COGWAY_KERNEL_ABI of the engine */
  /* Nonzero once the call is cancelled or past its deadline. One relaxed load: poll it freely. */
  int32_t (*cancelled)(cogway_context* context);
  /* Nanoseconds of CLOCK_MONOTONIC at which the deadline falls; INT64_MAX: none. */
  int64_t (*deadline)(cogway_context* context);
  /* Scratch memory until the call returns (in a parallel body: until the body returns), aligned to
   * 64 bytes, of the worker, kept between calls and not cleared. NULL: not to be had. Each call of
   * it adds to what the call holds. */
  void* (*scratch)(cogway_context* context, size_t bytes);
  /* Runs body over [0, n) in pieces of at least grain on the engine's workers, the caller among
   * them; returns when all are done, with the first status that is not COGWAY_OK. May nest. */
  int32_t (*parallel_for)(cogway_context* context, int64_t n, int64_t grain, cogway_range_body body,
                          void* argument);
  /* Sets the message of a failure (copied; UTF-8, at most 511 bytes kept); returns code. */
  int32_t (*fail)(cogway_context* context, int32_t code, const char* message);
  /* Shrinks output i, which describe() marked COGWAY_OUTPUT_BOUND, to its real shape. */
  int32_t (*set_output_shape)(cogway_context* context, uint32_t i, const int64_t* shape,
                              uint32_t ndim);
  /* Logs a line under the kernel's name; level as Python's logging (10 debug … 50 critical). */
  void (*log)(cogway_context* context, int32_t level, const char* message);

  /* Later additions: ask COGWAY_HOST_HAS(host, NAME) before the first use of each. */

  /* Adds up over [0, n): the range is cut into chunks by n and grain alone, body fills a partial
   * result of `bytes` bytes for each, which begins as a copy of *result, and combine adds them to
   * *result in the order of the range. So *result comes out the same to the bit whatever the number
   * of workers. Before the call it must hold what combine adds nothing with (0 for a sum). Returns
   * as parallel_for; *result is untouched unless COGWAY_OK. May nest. */
  int32_t (*parallel_reduce)(cogway_context* context, int64_t n, int64_t grain,
                             cogway_reduce_body body, cogway_combine combine, void* argument,
                             void* result, size_t bytes);
  /* How many threads of its own (OpenMP, say) the call may keep busy now, its worker among them:
   * at least 1, more while other workers of the engine are idle. */
  int32_t (*thread_budget)(cogway_context* context);
  /* Has the Python callable that the engine knows by that name (Engine.on_post) called with copies
   * of the views as Buffers, at most COGWAY_MAX_BUFFERS; waits for nobody and returns at once.
   * COGWAY_NOT_FOUND: nobody takes posts of that name; COGWAY_RESOURCE_EXHAUSTED: too many wait
   * already, or the bus has no room; COGWAY_UNAVAILABLE: closed. */
  int32_t (*post)(cogway_context* context, const char* name, const cogway_view* buffers,
                  uint32_t n_buffers);
} cogway_host;
#define COGWAY_HOST_HAS(host, field) \
  ((host)->size >= offsetof(cogway_host, field) + sizeof((host)->field))

typedef struct cogway_kernel {
  uint32_t size;
  uint32_t flags;        /* COGWAY_KERNEL_* */
  const char* name;      /* "image.decode": lower-case words joined by dots */
  const char* doc;       /* first line: what it does, imperative */
  const char* signature; /* for people: "jpeg: u8[n] -> u8[height, width, 3]" */
  uint32_t min_inputs;
  uint32_t max_inputs;
  uint32_t n_outputs;
  uint32_t n_params;
  const cogway_param_spec* params;
  /* Checks inputs and parameters and says what the outputs need. COGWAY_INVALID_ARGUMENT refuses
   * the call where it was made. Runs on the caller's thread before dispatch, so it must be quick
   * (it may read a header in inputs[0], never a file), unless COGWAY_KERNEL_DESCRIBE_ON_WORKER.
   * NULL: the kernel has no outputs and takes any input. */
  int32_t (*describe)(const cogway_call* call, cogway_output_spec* outputs);
  int32_t (*run)(const cogway_call* call);
  const void* data; /* handed to describe() and run() in the call; NULL: none */
} cogway_kernel;
enum {
  COGWAY_KERNEL_DESCRIBE_ON_WORKER = 1 /* describe() may wait (reads a file's size, say) */
};

typedef struct cogway_pack {
  uint32_t size;
  uint32_t abi; /* COGWAY_KERNEL_ABI the pack was built for */
  const char* name;
  const char* version;
  const cogway_kernel* kernels;
  uint32_t n_kernels;
} cogway_pack;

/* The one symbol a pack exports. The host table outlives the process. NULL: the pack cannot run
 * here. */
#define COGWAY_PACK_ENTRY "cogway_pack_v1"
typedef const cogway_pack* (*cogway_pack_entry)(const cogway_host* host);

#ifdef __cplusplus
}
#define COGWAY_PACK_SYMBOL extern "C" __attribute__((visibility("default")))
#else
#define COGWAY_PACK_SYMBOL __attribute__((visibility("default")))
#endif

/* Defines that symbol, at file scope, once: a pack of `kernels`, an array of cogway_kernel. The
 * host's table is left in `host`, a static variable of the pack, before any kernel runs.
 *
 *     static const cogway_host* host;
 *     ...
 *     static const cogway_kernel kernels[] = {...};
 *     COGWAY_C_PACK(host, "mine", "1.0", kernels);
 *
 * A pack that needs more than COGWAY_KERNEL_ABI of its host (COGWAY_HOST_HAS) writes the function
 * itself. */
#define COGWAY_C_PACK(host, name, version, kernels)                               \
  COGWAY_PACK_SYMBOL const cogway_pack* cogway_pack_v1(const cogway_host* table); \
  const cogway_pack* cogway_pack_v1(const cogway_host* table) {                   \
    static const cogway_pack pack = {sizeof(cogway_pack),                         \
                                     COGWAY_KERNEL_ABI,                           \
                                     name,                                        \
                                     version,                                     \
                                     kernels,                                     \
                                     sizeof(kernels) / sizeof((kernels)[0])};     \
    (host) = table;                                                               \
    return table->abi == COGWAY_KERNEL_ABI ? &pack : NULL;                        \
  }                                                                               \
  struct cogway_pack
#endif /* COGWAY_KERNEL_ABI_H */
