// SPDX-License-Identifier: Apache-2.0
// The pack as a whole: its table, and what every kernel declares.
#include <doctest/doctest.h>

#include <set>

#include "pack_host.hpp"

using namespace pack_host;

TEST_CASE("the pack is refused a host that offers less than it needs") {
  void* const library = dlopen(COGWAY_IMAGE_PACK, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  const auto entry = reinterpret_cast<cogway_pack_entry>(dlsym(library, COGWAY_PACK_ENTRY));
  REQUIRE((entry != nullptr));
  cogway_host host = host_table();
  CHECK((entry(nullptr) == nullptr));
  host.abi = COGWAY_KERNEL_ABI + 1;
  CHECK((entry(&host) == nullptr));
  host.abi = COGWAY_KERNEL_ABI;
  host.size = host_table().size - 8;
  CHECK((entry(&host) == nullptr));
  CHECK((entry(&host_table()) != nullptr));
}

TEST_CASE("the pack holds the public names, each declared wholly") {
  const PackHost host(COGWAY_IMAGE_PACK);
  const cogway_pack& pack = host.pack();
  CHECK(pack.size == sizeof(cogway_pack));
  CHECK(pack.abi == COGWAY_KERNEL_ABI);
  CHECK(std::string(pack.name) == "image");
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < pack.n_kernels; ++i) {
    const cogway_kernel& k = pack.kernels[i];
    CAPTURE(k.name);
    names.insert(k.name);
    CHECK(k.size == sizeof(cogway_kernel));
    CHECK(std::string(k.doc).back() == '.');
    CHECK(std::string(k.signature).find("->") != std::string::npos);
    CHECK(k.min_inputs == 1);
    CHECK(k.max_inputs == 1);
    CHECK(k.n_outputs == 1);
    CHECK((k.describe != nullptr));
    CHECK((k.run != nullptr));
    std::set<std::string> params;
    for (std::uint32_t p = 0; p < k.n_params; ++p) {
      const cogway_param_spec& spec = k.params[p];
      CAPTURE(spec.name);
      CHECK(params.insert(spec.name).second);
      CHECK(spec.size == sizeof(cogway_param_spec));
      CHECK(std::strlen(spec.doc) > 5);
      CHECK((spec.type == COGWAY_PARAM_CHOICE) == (spec.choices != nullptr));
      const bool required = (spec.flags & COGWAY_PARAM_REQUIRED) != 0;
      if (required) CHECK(spec.default_value.type == 0);
      if (spec.default_value.type != 0) CHECK(spec.default_value.type == spec.type);
    }
  }
  CHECK(names == std::set<std::string>{"image.crop", "image.decode", "image.encode", "image.flip",
                                       "image.grayscale", "image.normalize", "image.resize",
                                       "image.rotate", "image.sample", "image.thumbnail"});
}

TEST_CASE("every kernel refuses inputs of a wrong dtype or number of axes where it is called") {
  const PackHost host(COGWAY_IMAGE_PACK);
  const std::vector<std::int64_t> size = {4, 4};
  for (std::uint32_t i = 0; i < host.pack().n_kernels; ++i) {
    const std::string name = host.pack().kernels[i].name;
    CAPTURE(name);
    const bool sized = name == "image.resize" || name == "image.sample" ||
                       name == "image.thumbnail" || name == "image.crop";
    const std::vector<Param> params =
        sized ? std::vector<Param>{{"size", size}} : std::vector<Param>{};
    const Array four_axes{std::vector<std::uint8_t>(16), {2, 2, 2, 2}, {COGWAY_UINT, 8, 1}};
    const Array doubles{std::vector<std::uint8_t>(128), {4, 4}, {COGWAY_FLOAT, 64, 1}};
    const Array bits{std::vector<std::uint8_t>(16), {4, 4}, {COGWAY_UINT, 4, 1}};
    const Array empty{{}, {0, 4, 3}, {COGWAY_UINT, 8, 1}};
    for (const Array* wrong : {&four_axes, &bits, &empty}) {
      const Result r = host.call(name, *wrong, params);
      CHECK(r.status == COGWAY_INVALID_ARGUMENT);
      CHECK_FALSE(r.described);
      CHECK_FALSE(r.message.empty());
    }
    if (name != "image.crop" && name != "image.flip") {
      CHECK(host.call(name, doubles, params).status == COGWAY_INVALID_ARGUMENT);
    }
  }
}
