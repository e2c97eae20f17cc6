// SPDX-License-Identifier: Apache-2.0
//! gray.rust: a plain loop over slices of RGB pixels, with Rust's own bounds checks or without.
//! The types are those of kernel_abi.h, as far as they are used.

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 2;
const PARAM_BOOL: u32 = 1;
const UINT: u8 = 1;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DType {
    code: u8,
    bits: u8,
    lanes: u16,
}

#[repr(C)]
pub struct View {
    size: u32,
    ndim: u32,
    data: *mut u8,
    dtype: DType,
    flags: u32,
    nbytes: u64,
    shape: [i64; 8],
    strides: [i64; 8],
}

#[repr(C)]
pub struct OutputSpec {
    size: u32,
    ndim: u32,
    dtype: DType,
    flags: u32,
    shape: [i64; 8],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    kind: u32,
    count: u32,
    data: i64,
}

#[repr(C)]
pub struct ParamSpec {
    size: u32,
    kind: u32,
    name: *const c_char,
    doc: *const c_char,
    flags: u32,
    min_count: u32,
    max_count: u32,
    reserved: u32,
    min_value: f64,
    max_value: f64,
    choices: *const *const c_char,
    default_value: Value,
}

#[repr(C)]
pub struct Call {
    size: u32,
    n_inputs: u32,
    n_outputs: u32,
    n_params: u32,
    inputs: *const View,
    outputs: *const View,
    params: *const Value,
    context: *mut c_void,
}

type Body = extern "C" fn(*mut c_void, i64, i64) -> i32;

#[repr(C)]
pub struct Host {
    size: u32,
    abi: u32,
    cancelled: *const c_void,
    deadline: *const c_void,
    scratch: *const c_void,
    parallel_for: extern "C" fn(*mut c_void, i64, i64, Body, *mut c_void) -> i32,
    fail: extern "C" fn(*mut c_void, i32, *const c_char) -> i32,
}

#[repr(C)]
pub struct Kernel {
    size: u32,
    flags: u32,
    name: *const c_char,
    doc: *const c_char,
    signature: *const c_char,
    min_inputs: u32,
    max_inputs: u32,
    n_outputs: u32,
    n_params: u32,
    params: *const ParamSpec,
    describe: Option<extern "C" fn(*const Call, *mut OutputSpec) -> i32>,
    run: extern "C" fn(*const Call) -> i32,
}

#[repr(C)]
pub struct Pack {
    size: u32,
    abi: u32,
    name: *const c_char,
    version: *const c_char,
    kernels: *const Kernel,
    n_kernels: u32,
}

struct Shared<T>(T);
// Constants, but for the pointers in them.
unsafe impl<T> Sync for Shared<T> {}

const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

fn text(bytes: &'static [u8]) -> *const c_char {
    bytes.as_ptr() as *const c_char
}

static HOST: AtomicPtr<Host> = AtomicPtr::new(std::ptr::null_mut());

fn host() -> &'static Host {
    unsafe { &*HOST.load(Ordering::Relaxed) }
}

extern "C" fn describe(call: *const Call, outputs: *mut OutputSpec) -> i32 {
    let call = unsafe { &*call };
    let pixels = unsafe { &*call.inputs };
    let out = unsafe { &mut *outputs };
    let packed = pixels.ndim == 3
        && (pixels.dtype.code, pixels.dtype.bits) == (UINT, 8)
        && (pixels.shape[2], pixels.strides[2], pixels.strides[1]) == (3, 1, 3);
    if !packed {
        let message = text(b"takes u8[height, width, 3]\0");
        return (host().fail)(call.context, INVALID_ARGUMENT, message);
    }
    out.ndim = 2;
    out.dtype = pixels.dtype;
    out.shape[..2].copy_from_slice(&pixels.shape[..2]);
    OK
}

fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128) >> 8) as u8
}

/// Input and output of a row; the engine has made sure that both lie within their buffers.
unsafe fn row(call: &Call, y: i64) -> (&[u8], &mut [u8]) {
    let pixels = &*call.inputs;
    let width = pixels.shape[1] as usize;
    let from = pixels.data.offset((y * pixels.strides[0]) as isize);
    let to = (*call.outputs).data.add(y as usize * width);
    (
        std::slice::from_raw_parts(from, 3 * width),
        std::slice::from_raw_parts_mut(to, width),
    )
}

extern "C" fn rows(argument: *mut c_void, begin: i64, end: i64) -> i32 {
    let call = unsafe { &*(argument as *const Call) };
    for y in begin..end {
        let (from, to) = unsafe { row(call, y) };
        for (pixel, gray) in from.chunks_exact(3).zip(to) {
            *gray = luma(pixel[0], pixel[1], pixel[2]);
        }
    }
    OK
}

extern "C" fn checked_rows(argument: *mut c_void, begin: i64, end: i64) -> i32 {
    let call = unsafe { &*(argument as *const Call) };
    for y in begin..end {
        let (from, to) = unsafe { row(call, y) };
        let width = unsafe { &*call.inputs }.shape[1] as usize;
        for x in 0..width {
            to[x] = luma(from[3 * x], from[3 * x + 1], from[3 * x + 2]);
        }
    }
    OK
}

extern "C" fn run(raw: *const Call) -> i32 {
    let call = unsafe { &*raw };
    let checked = unsafe { &*call.params }.data != 0;
    let height = unsafe { &*call.inputs }.shape[0];
    let body = if checked { checked_rows } else { rows };
    (host().parallel_for)(call.context, height, 32, body, raw as *mut c_void)
}

#[no_mangle]
pub extern "C" fn cogway_pack_v1(table: *const Host) -> *const Pack {
    HOST.store(table as *mut Host, Ordering::Relaxed);
    // Leaked on purpose: a pack is never closed.
    let params: &'static Shared<ParamSpec> = Box::leak(Box::new(Shared(ParamSpec {
        size: size_of::<ParamSpec>(),
        kind: PARAM_BOOL,
        name: text(b"checked\0"),
        doc: text(b"keep the bounds checks\0"),
        flags: 0,
        min_count: 0,
        max_count: 0,
        reserved: 0,
        min_value: 0.0,
        max_value: 0.0,
        choices: std::ptr::null(),
        default_value: Value { kind: PARAM_BOOL, count: 0, data: 0 },
    })));
    let kernel: &'static Shared<Kernel> = Box::leak(Box::new(Shared(Kernel {
        size: size_of::<Kernel>(),
        flags: 0,
        name: text(b"gray.rust\0"),
        doc: text(b"Weigh red, green and blue into luma.\0"),
        signature: text(b"pixels: u8[height, width, 3] -> u8[height, width]\0"),
        min_inputs: 1,
        max_inputs: 1,
        n_outputs: 1,
        n_params: 1,
        params: &params.0,
        describe: Some(describe),
        run,
    })));
    Box::leak(Box::new(Pack {
        size: size_of::<Pack>(),
        abi: 1,
        name: text(b"gray_rust\0"),
        version: text(b"1.0\0"),
        kernels: &kernel.0,
        n_kernels: 1,
    }))
}
