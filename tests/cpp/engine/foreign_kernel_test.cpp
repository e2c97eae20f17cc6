// SPDX-License-Identifier: Apache-2.0
// Functions called as kernels: what they are given, what comes back, what is refused.
#include "cogway/engine/foreign_kernel.hpp"

#include <doctest/doctest.h>

#include "foreign_functions.hpp"

using namespace foreign_test;

namespace {

/// A manual engine over a registry of its own.
struct Bench {
  KernelRegistry registry;
  ManualClock clock;
  Engine engine;

  Bench() : engine(options_of(this)) {}
  static EngineOptions options_of(Bench* bench) {
    EngineOptions made = manual(&bench->clock);
    made.registry = &bench->registry;
    return made;
  }
  KernelHold accept(const ForeignDeclaration& declaration) {
    KernelHold hold;
    const Status status = registry.accept(declaration, nullptr, nullptr, &hold);
    INFO(status.message());
    REQUIRE(status.ok());
    return hold;
  }
  std::string refusal(const ForeignDeclaration& declaration) {
    KernelHold hold;
    const Status status = registry.accept(declaration, nullptr, nullptr, &hold);
    CHECK_FALSE(status.ok());
    CHECK_FALSE(hold);
    return status.message();
  }
  /// Calls and runs; the admission tells a refusal.
  Admission call(const KernelHold& hold, std::vector<BufferView> inputs,
                 std::vector<ParamArgument> arguments, TaskRef* ticket) {
    KernelCall call;
    call.kernel = hold.get();
    std::vector<Input> given;
    for (BufferView& view : inputs) given.emplace_back(std::move(view));
    call.inputs = given;
    ParamValues params;
    const Status status = params.normalize(*hold.get(), arguments);
    if (!status.ok()) return {Cause::invalid, status};
    call.params = &params;
    const Admission admission = engine.c_spawn(call, ticket);
    if (admission.ok()) engine.run_all();
    return admission;
  }
  TaskRef run(const KernelHold& hold, std::vector<BufferRef> inputs,
              std::vector<ParamArgument> arguments = {}) {
    std::vector<BufferView> views;
    for (BufferRef& buffer : inputs) views.push_back(BufferView::whole(std::move(buffer)));
    TaskRef ticket;
    const Admission admission = call(hold, std::move(views), std::move(arguments), &ticket);
    INFO(admission.status().message());
    REQUIRE(admission.ok());
    REQUIRE(ticket->done());
    INFO(ticket->message());
    REQUIRE(ticket->status() == StatusCode::ok);
    return ticket;
  }
  std::string fault(const KernelHold& hold, std::vector<BufferView> inputs,
                    std::vector<ParamArgument> arguments = {}) {
    TaskRef ticket;
    const Admission admission = call(hold, std::move(inputs), std::move(arguments), &ticket);
    CHECK(admission.cause() == Cause::invalid);
    return admission.status().message();
  }
};

bool says(const std::string& text, const char* what) {
  INFO(text);
  return text.find(what) != std::string::npos;
}

ParamArgument number(const char* name, double value) { return {name, value}; }
ParamArgument integer(const char* name, std::int64_t value) { return {name, value}; }

}  // namespace

TEST_CASE("numbers in, a number out") {
  Bench bench;
  const KernelHold hold = bench.accept(declare(power, "double power(double base, int64 exponent)"));
  const TaskRef ticket = bench.run(hold, {}, {number("base", 3), integer("exponent", 4)});
  REQUIRE(ticket->output_count() == 1);
  CHECK(ticket->output(0).layout().ndim == 0);
  CHECK(values<double>(ticket->output(0))[0] == 81.0);
  CHECK(hold.get()->foreign()->gives_number());
  CHECK(hold.get()->signature() == "(base, exponent) -> result: float64[]");
  CHECK(says(bench.fault(hold, {}, {number("base", 3)}), "needs parameter 'exponent'"));

  const KernelHold half = bench.accept([] {
    auto declaration = declare(halved, "float(float)");
    declaration.name = "test.half";
    return declaration;
  }());
  const TaskRef halves = bench.run(half, {}, {number("arg0", 5)});
  CHECK(values<float>(halves->output(0))[0] == 2.5F);
}

TEST_CASE("narrow types are extended on the way in and cut on the way out") {
  Bench bench;
  auto declaration = declare(narrow, "int8(int8 a)");
  const KernelHold hold = bench.accept(declaration);
  const TaskRef ticket = bench.run(hold, {}, {integer("a", -128 + 1)});
  CHECK(values<std::int8_t>(ticket->output(0))[0] == 127);
  CHECK(says(bench.fault(hold, {}, {integer("a", 128)}), "from -128 to 127"));
  declaration = declare(is_odd, "bool(uint32 a)");
  declaration.name = "test.odd";
  const KernelHold odd = bench.accept(declaration);
  const TaskRef is = bench.run(odd, {}, {integer("a", 4294967295)});
  CHECK(is->output(0).layout().dtype == kBool);
  CHECK(values<std::uint8_t>(is->output(0))[0] == 1);
  CHECK(says(bench.fault(odd, {}, {integer("a", -1)}), "from 0 to"));
}

TEST_CASE("pointers by convention: const is an input, the integer after them how many") {
  Bench bench;
  const KernelHold hold =
      bench.accept(declare(scale, "void(const double* x, double* y, int64 n, double factor)"));
  CHECK(hold.get()->signature() == "(x: float64[...], factor) -> y: float64[...]");
  const TaskRef ticket = bench.run(
      hold, {filled<double>(bench.engine, kFloat64, {2, 2}, {1, 2, 3, 4})}, {number("factor", 10)});
  CHECK(ticket->output(0).layout().describe() == "float64[2, 2]");
  CHECK(values<double>(ticket->output(0)) == std::vector<double>{10, 20, 30, 40});
}

TEST_CASE("a convention that could mean two things is refused") {
  Bench bench;
  CHECK(says(bench.refusal(declare(scale, "void(const double*, double*, int64 n, int64 m)")),
             "the second integer after a pointer"));
  CHECK(says(bench.refusal(declare(scale, "void(const double*, double*)")), "how many elements"));
  CHECK(says(bench.refusal(declare(scale, "void(void*, int64)")), "of unknown type"));
  auto blind = declare(scale, "void(double*, double*, int64)");
  blind.knows_const = false;
  CHECK(says(bench.refusal(blind), "may be an input or an output"));
  CHECK(says(bench.refusal(declare(scale, "void(double*, int64)")), "no input with '...'"));
}

TEST_CASE("an input and output is copied first") {
  Bench bench;
  const KernelHold hold =
      bench.accept(declare(reverse, "void(float* x, int32 n)", {inout({"n"}), dimension("n")}));
  const BufferRef input = filled<float>(bench.engine, kFloat32, {3}, {1, 2, 3});
  const TaskRef ticket = bench.run(hold, {input});
  CHECK(values<float>(ticket->output(0)) == std::vector<float>{3, 2, 1});
  CHECK(values<float>(input) == std::vector<float>{1, 2, 3});
  // Of any strides, since it is copied anyway.
  BufferView every_other;
  REQUIRE(BufferView::whole(filled<float>(bench.engine, kFloat32, {4}, {1, 2, 3, 4}))
              .slice(0, 3, 2, -2, &every_other)
              .ok());
  TaskRef sliced;
  REQUIRE(bench.call(hold, {every_other}, {}, &sliced).ok());
  CHECK(values<float>(sliced->output(0)) == std::vector<float>{2, 4});
}

TEST_CASE("shapes: names agree, outputs follow") {
  Bench bench;
  const auto nothing_of = [](const double*, const float*, double*, int) {};
  const KernelHold hold =
      bench.accept(declare(+nothing_of, "void(const double* a, const float* b, double* c, int k)",
                           {in({"m", "n"}), in({"n", "3"}), out({"m", "2*n - k"}), scalar("k")}));
  CHECK(hold.get()->signature() ==
        "(a: float64[m, n], b: float32[n, 3], k) -> c: float64[m, 2*n - k]");
  const auto a = filled<double>(bench.engine, kFloat64, {4, 5}, {});
  const auto view = [](const BufferRef& buffer) { return BufferView::whole(buffer); };
  const TaskRef ticket =
      bench.run(hold, {a, filled<float>(bench.engine, kFloat32, {5, 3}, {})}, {integer("k", 3)});
  CHECK(ticket->output(0).layout().describe() == "float64[4, 7]");
  const auto wrong = filled<float>(bench.engine, kFloat32, {6, 3}, {});
  CHECK(says(bench.fault(hold, {view(a), view(wrong)}, {integer("k", 3)}), "'n' is 5, not 6"));
  CHECK(says(bench.fault(hold, {view(a), view(a)}, {integer("k", 3)}),
             "takes b: float32[n, 3], not float64[4, 5]"));
  const auto b = filled<float>(bench.engine, kFloat32, {5, 3}, {});
  CHECK(says(bench.fault(hold, {view(a), view(b)}, {integer("k", 11)}), "'2*n - k' is -1"));
  BufferView transposed = view(filled<double>(bench.engine, kFloat64, {5, 4}, {}));
  std::swap(transposed.layout.shape[0], transposed.layout.shape[1]);
  std::swap(transposed.layout.strides[0], transposed.layout.strides[1]);
  CHECK(says(bench.fault(hold, {transposed, view(b)}, {integer("k", 3)}), "make it contiguous"));
}

TEST_CASE("a dimension that its C type cannot hold is refused before the call") {
  Bench bench;
  const auto nothing_of = [](const std::uint8_t*, std::int8_t) {};
  const KernelHold hold = bench.accept(
      declare(+nothing_of, "void(const uint8* x, int8 n)", {in({"n"}), dimension("n * 2")}));
  bench.run(hold, {filled<std::uint8_t>(bench.engine, kUint8, {63}, {})});
  CHECK(says(
      bench.fault(hold, {BufferView::whole(filled<std::uint8_t>(bench.engine, kUint8, {64}, {}))}),
      "'n * 2' is 128, which int8 cannot hold"));
}

TEST_CASE("what is on the stack arrives, and structs by value") {
  Bench bench;
  auto declaration = declare(
      many,
      "double(int8 a, int16 b, int32 c, int64 d, uint8 e, uint16 f, uint32 g, uint64 h, float i, "
      "double j, float k, double l, float m, double n, float o, double p, float q, double r, "
      "bool s)");
  const KernelHold hold = bench.accept(declaration);
  CHECK_FALSE(hold.get()->foreign()->by_registers());
  std::vector<ParamArgument> arguments;
  static const char* const kNames[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                       "j", "k", "l", "m", "n", "o", "p", "q", "r"};
  double sum = 1;
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    const double value = i == 0 ? -3 : static_cast<double>(i * i);
    sum += value;
    arguments.push_back(number(kNames[i], value));
  }
  arguments.push_back({"s", true});
  CHECK(values<double>(bench.run(hold, {}, arguments)->output(0))[0] == sum);

  declaration = declare(distance2, "double({double x, double y} a, {double x, double y} b)");
  declaration.name = "test.distance";
  const KernelHold distance = bench.accept(declaration);
  const auto point = [&](double x, double y) {
    return filled<Point>(bench.engine, kUint8, {sizeof(Point)}, {{x, y}});
  };
  CHECK(values<double>(bench.run(distance, {point(1, 2), point(4, 6)})->output(0))[0] == 25.0);
  declaration = declare(small_sum, "float({float a, int8 b} s)");
  declaration.name = "test.small";
  const KernelHold small = bench.accept(declaration);
  const auto given = filled<Small>(bench.engine, kUint8, {sizeof(Small)}, {{1.5F, -4}});
  CHECK(values<float>(bench.run(small, {given})->output(0))[0] == -2.5F);
  CHECK(says(bench.fault(small, {BufferView::whole(point(1, 2))}), "not uint8[16]"));
}

TEST_CASE("rows of structs") {
  Bench bench;
  const KernelHold hold = bench.accept(declare(
      shift,
      "void(const {double x, double y}* from, {double x, double y}* to, int64 n, double by)"));
  const std::vector<Point> points{{1, 2}, {3, 4}, {5, 6}};
  const auto rows = filled<Point>(bench.engine, kUint8, {3, sizeof(Point)}, points);
  const TaskRef ticket = bench.run(hold, {rows}, {number("by", 10)});
  CHECK(ticket->output(0).layout().describe() == "uint8[3, 16]");
  CHECK(values<Point>(ticket->output(0))[2].y == 16);
  const auto bytes = filled<Point>(bench.engine, kUint8, {3 * sizeof(Point)}, points);
  CHECK(values<Point>(bench.run(hold, {bytes}, {number("by", 1)})->output(0))[0].x == 2);
  const auto odd = filled<std::uint8_t>(bench.engine, kUint8, {40}, {});
  CHECK(
      says(bench.fault(hold, {BufferView::whole(odd)}, {number("by", 1)}), "structs of 16 bytes"));
}

TEST_CASE("a status, an exception, an error of its own") {
  Bench bench;
  auto declaration = declare(status, "int(int code)");
  declaration.result = ForeignResult::status;
  const KernelHold hold = bench.accept(declaration);
  const auto outcome = [&](std::int64_t code) {
    TaskRef ticket;
    REQUIRE(bench.call(hold, {}, {integer("code", code)}, &ticket).ok());
    return std::pair(ticket->status(), std::string(ticket->message()));
  };
  CHECK(outcome(0).first == StatusCode::ok);
  // The function knows nothing of COGWAY_CANCELLED, 1, and the like.
  for (const int code : {1, int{COGWAY_DATA_LOSS}, COGWAY_INTERNAL + 1}) {
    CHECK(outcome(code).first == StatusCode::internal);
    CHECK(says(outcome(code).second, ("it returned " + std::to_string(code)).c_str()));
  }
  CHECK(outcome(-5).first == StatusCode::internal);
  CHECK(says(outcome(-5).second, "it returned -5"));

  declaration = declare(throws, "double(int kind)");
  declaration.name = "test.throws";
  const KernelHold thrower = bench.accept(declaration);
  TaskRef ticket;
  REQUIRE(bench.call(thrower, {}, {integer("kind", 0)}, &ticket).ok());
  CHECK(ticket->status() == StatusCode::internal);
  CHECK(ticket->message() == "it threw std::runtime_error: the sky fell");
  REQUIRE(bench.call(thrower, {}, {integer("kind", 1)}, &ticket).ok());
  CHECK(ticket->message() == "it threw int");
  CHECK(bench.engine.bus().used() == 0);
}

TEST_CASE("functions that know the header: host and context, a view, the whole call") {
  Bench bench;
  auto declaration = declare(polls,
                             "int32(const cogway_host*, cogway_context*, const float* x, float* y, "
                             "int64 n)");
  declaration.result = ForeignResult::status;
  const KernelHold hold = bench.accept(declaration);
  const TaskRef ticket = bench.run(hold, {filled<float>(bench.engine, kFloat32, {2}, {1, 2})});
  CHECK(values<float>(ticket->output(0)) == std::vector<float>{2, 3});
  TaskRef failed;
  REQUIRE(bench
              .call(hold, {BufferView::whole(filled<float>(bench.engine, kFloat32, {3}, {1}))}, {},
                    &failed)
              .ok());
  CHECK(failed->status() == StatusCode::data_loss);
  CHECK(failed->message() == "three are too many");

  declaration = declare(of_call, "int32(const cogway_call*)",
                        {in({"n"}, "float32"), out({"n"}, "float32"), scalar("by")});
  declaration.arguments[0].name = "x";
  declaration.name = "test.call";
  const KernelHold whole = bench.accept(declaration);
  BufferView reversed;
  REQUIRE(BufferView::whole(filled<float>(bench.engine, kFloat32, {3}, {1, 2, 3}))
              .slice(0, 2, 3, -1, &reversed)
              .ok());
  TaskRef called;
  REQUIRE(bench.call(whole, {reversed}, {integer("by", 2)}, &called).ok());
  CHECK(values<float>(called->output(0)) == std::vector<float>{6, 4, 2});

  declaration = declare(sum_view, "double(const cogway_view* x)", {in({"n"}, "float64")});
  declaration.name = "test.view";
  const KernelHold view = bench.accept(declaration);
  BufferView every_other;
  REQUIRE(BufferView::whole(filled<double>(bench.engine, kFloat64, {4}, {1, 2, 4, 8}))
              .slice(0, 0, 2, 2, &every_other)
              .ok());
  REQUIRE(bench.call(view, {every_other}, {}, &called).ok());
  CHECK(values<double>(called->output(0))[0] == 5.0);
}

TEST_CASE("constants of every kind") {
  Bench bench;
  const auto sum = [](const int* address, int a, double b, float c) {
    return *address + a + b + static_cast<double>(c);
  };
  static const int kSeven = 7;
  const auto constant = [](auto value) {
    ForeignArgument argument;
    argument.role = Role::constant;
    argument.value = value;
    return argument;
  };
  const auto address = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(&kSeven));
  const KernelHold hold = bench.accept(declare(
      +sum, "double(const int*, int, double, float)",
      {constant(address), constant(std::int64_t{-2}), constant(0.5), constant(std::int64_t{3})}));
  CHECK(values<double>(bench.run(hold, {})->output(0))[0] == 8.5);
  CHECK(says(bench.refusal(declare(+sum, "double(const int*, int, double, float)",
                                   {constant(address), constant(std::int64_t{1} << 40),
                                    constant(0.5), constant(0.5)})),
             "cannot hold"));
}

TEST_CASE("declarations that do not fit the signature are refused") {
  Bench bench;
  const auto refused = [&](std::vector<ForeignArgument> arguments, const char* why) {
    return says(bench.refusal(declare(scale, "void(const double* x, double* y, int64 n, double f)",
                                      std::move(arguments))),
                why);
  };
  CHECK(refused({in({"n"}), out({"n"}), dimension("n")}, "has 4 parameters"));
  CHECK(refused({in({"n"}), out({"m"}), dimension("n"), scalar()}, "names 'm'"));
  CHECK(refused({in({"n"}, "float32"), out({"n"}), dimension("n"), scalar()},
                "does not point to float32"));
  CHECK(refused({in({"n"}, "floaty"), out({"n"}), dimension("n"), scalar()}, "no dtype"));
  CHECK(refused({out({"4"}), out({"4"}), dimension("4"), scalar()}, "points to const"));
  CHECK(refused({in({"n"}), out({"n"}), dimension("n"), dimension("n")}, "is no integer"));
  CHECK(refused({in({"n"}), scalar(), dimension("n"), scalar()}, "is no number"));
  CHECK(refused({in({"n"}), out({"n"}), in({"n"}), scalar()}, "is no pointer"));
  CHECK(refused({in({"n"}), out({"n"}), dimension("n"), scalar("x")}, "are called 'x'"));
  CHECK(refused({in({"...", "..."}), out({"..."}), dimension("..."), scalar()}, "twice"));
  auto declaration = declare(scale, "void(const double* x, double* y, int64 n, double f)");
  declaration.function = nullptr;
  CHECK(says(bench.refusal(declaration), "the address is 0"));
  declaration = declare(power, "double(double, int64)");
  declaration.result = ForeignResult::status;
  CHECK(says(bench.refusal(declaration), "a status is an integer"));
}
