// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/c_signature.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace cogway;

namespace {

CSignature parse(const char* text) {
  CSignature signature;
  const Status status = CSignature::parse(text, &signature);
  INFO(status.message());
  REQUIRE(status.ok());
  return signature;
}

std::string fault(const std::string& text) {
  CSignature signature;
  const Status status = CSignature::parse(text, &signature);
  CHECK(status.code() == StatusCode::invalid_argument);
  return status.message();
}

bool refused(const std::string& text, const char* why) {
  const std::string message = fault(text);
  INFO(message);
  return message.find(why) != std::string::npos;
}

}  // namespace

TEST_CASE("signatures of every notation") {
  CHECK(parse("double(double, int64)").text() == "double(double, int64)");
  CHECK(parse("float64(float64, int64)").text() == "double(double, int64)");
  CHECK(parse("void scale(const double* x, double* y, size_t n)").text() ==
        "void(const double*, double*, uint64)");
  CHECK(parse("double (double const *, Py_ssize_t)").text() == "double(const double*, int64)");
  CHECK(parse("int32_t (cogway_call const *)").text() == "int32(const cogway_call*)");
  CHECK(parse("void(void)").text() == "void()");
  CHECK(parse("void()").text() == "void()");
  CHECK(parse("void f(float x[3], const unsigned char data[], int n)").text() ==
        "void(float*, const uint8*, int32)");
  CHECK(parse("void(const char* const* names, void* user, const void *more)").text() ==
        "void(const char* const*, void*, const void*)");
  CHECK(parse("void(double complex *, const complex64*)").text() ==
        "void(complex128*, const complex64*)");
  CHECK(parse("  int  (  long int , unsigned long long , signed char, char, unsigned )  ").text() ==
        "int32(int64, uint64, int8, char, uint32)");
}

TEST_CASE("names and statements are read") {
  const CSignature signature = parse("double pow(double x, double y) noexcept nogil");
  CHECK(signature.name == "pow");
  CHECK(signature.parameters[1].name == "y");
  CHECK(signature.nogil);
  CHECK_FALSE(parse("double(double) noexcept").nogil);
}

TEST_CASE("structs are laid out as C lays them out") {
  struct Inner {
    std::int8_t flag;
    double weight;
  };
  struct Outer {
    std::int16_t id;
    Inner inner;
    float corner[3];
  };
  const CSignature signature =
      parse("void(const {int16 id, {int8 flag, double weight} inner, float corner[3]}* p)");
  const CType& pointer = signature.parameters[0].type;
  CHECK(pointer.constant);
  const CStruct& outer = *pointer.target->structure;
  CHECK(outer.size == sizeof(Outer));
  CHECK(outer.alignment == alignof(Outer));
  CHECK(outer.fields[1].offset == offsetof(Outer, inner));
  CHECK(outer.fields[2].offset == offsetof(Outer, corner));
  CHECK(outer.fields[2].count == 3);
  CHECK(pointer.text() == "const {int16 id, {int8 flag, double weight} inner, float corner[3]}*");
}

TEST_CASE("what is no signature is refused with the place") {
  CHECK(refused("", "expected a type at character 1 (the end)"));
  CHECK(refused("double", "expected '('"));
  CHECK(refused("double(double", "expected ')' at character 14"));
  CHECK(refused("double(double,)", "expected a type at character 15"));
  CHECK(refused("double(double) with gil", "'noexcept', 'nogil' or the end"));
  CHECK(refused("double(wat)", "'wat'"));
  CHECK(refused("double(void, int)", "not void"));
  CHECK(refused("long double(int)", "long double"));
  CHECK(refused("void(long double x)", "long double"));
  CHECK(refused("void(double&)", "not a reference"));
  CHECK(refused("void(unsigned signed int)", "an integer type of C"));
  CHECK(refused("void(complex128)", "not passed by value"));
  CHECK(refused("double*(int)", "may return a number or nothing"));
  CHECK(refused("{int a}(int)", "may return a number or nothing"));
  CHECK(refused("void({})", "a struct with a field"));
  CHECK(refused("void({double* p} x)", "a number or a struct in a struct"));
  CHECK(refused("void({double x[99999]} x)", "1 to 4096"));
  CHECK(refused("void(int, ...)", "a type"));
  CHECK(refused("void(int f(int))", "expected ')'"));
}

TEST_CASE("no text brings the parser down") {
  std::string deep = "void(";
  for (int i = 0; i < 1000; ++i) deep += "{int a, ";
  CHECK(refused(deep, "less deep"));
  std::string many = "void(int";
  for (int i = 0; i < 100; ++i) many += ", int";
  CHECK(refused(many + ")", "at most 32"));
  std::string huge = "void({";
  for (int i = 0; i < 40; ++i) huge += "{{double a[4096]} b[4096]} c[4096], ";
  CHECK(refused(huge + "int i} x)", "a smaller struct"));
}
