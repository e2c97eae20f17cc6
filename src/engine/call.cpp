// SPDX-License-Identifier: Apache-2.0
#include "cogway/engine/call.hpp"

namespace cogway {

Input::Input(BufferRef buffer) : Input(BufferView::whole(std::move(buffer))) {}

Input::Input(BufferView view) : buffer_(std::move(view.buffer)) {
  // to_abi() reads the buffer's address through the view.
  BufferView whole{buffer_, view.offset, view.layout};
  whole.to_abi(&view_);
}

Input::Input(const cogway_view& view, void* owner, Release release) noexcept
    : view_(view), owner_(owner), release_(release) {}

Input::Input(Input&& other) noexcept
    : view_(other.view_),
      buffer_(std::move(other.buffer_)),
      owner_(std::exchange(other.owner_, nullptr)),
      release_(std::exchange(other.release_, nullptr)) {}

Input& Input::operator=(Input&& other) noexcept {
  if (this == &other) return *this;
  reset();
  view_ = other.view_;
  buffer_ = std::move(other.buffer_);
  owner_ = std::exchange(other.owner_, nullptr);
  release_ = std::exchange(other.release_, nullptr);
  return *this;
}

void Input::reset() noexcept {
  buffer_.reset();
  if (release_ != nullptr) std::exchange(release_, nullptr)(std::exchange(owner_, nullptr));
}

}  // namespace cogway
