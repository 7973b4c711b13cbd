// The derivative by the source: every source row collects what the windows that read it send back.
//
// A scatter whose threads would write to the same pixels; turned round, each row of the source belongs to one thread.
// The positions are sorted by the row of their window, so that a row finds its own without looking at the others.

#ifndef GFLA_TF_OPS_KERNELS_SCATTER_H_
#define GFLA_TF_OPS_KERNELS_SCATTER_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "gather.h"

namespace gfla {

template <typename T, typename Window>
class Scatter {
 public:
  using A = Number<T>;

  Scatter(const Field<A>& field, const Window& window)
      : field_(field),
        window_(window),
        weights_(field.positions() * window.size() * window.size()),
        corners_(field.positions()),
        lines_(field.height + 2 * window.reach()),
        starts_(field.batch * lines_ + 1),
        sorted_(field.positions()) {}

  // First: the windows of the positions from `begin` to `end`.
  void Place(int64_t begin, int64_t end) {
    Window window = window_;
    const int numbers = window.size() * window.size();
    for (int64_t position = begin; position < end; ++position) {
      const auto x = field_.X(position, window.reach()), y = field_.Y(position, window.reach());
      corners_[position] = {field_.picture(position) * lines_ + y.floor + window.reach(), x.floor + window.first()};
      window.Weights(position, x.fraction, y.fraction, weights_.data() + position * numbers);
    }
  }

  // Second: all positions by the line of their window (counting sort, which keeps the order within a line).
  void Sort() {
    for (int64_t position = 0; position < field_.positions(); ++position) ++starts_[corners_[position].line + 1];
    for (size_t line = 1; line < starts_.size(); ++line) starts_[line] += starts_[line - 1];
    std::vector<int64_t> next(starts_.begin(), starts_.end() - 1);
    for (int64_t position = 0; position < field_.positions(); ++position) {
      sorted_[next[corners_[position].line]++] = position;
    }
  }

  // Third: the source rows from `begin` to `end`, those of all pictures counted through.
  void Collect(const T* gradient, T* output, int64_t begin, int64_t end) const {
    const int64_t numbers = field_.width * field_.channels;
    std::vector<A> sums(std::is_same<T, A>::value ? 0 : numbers);
    for (int64_t row = begin; row < end; ++row) {
      T* to = output + row * numbers;
      if constexpr (std::is_same<T, A>::value) {
        std::fill(to, to + numbers, 0);
        CollectRow(gradient, row / field_.height, row % field_.height, to);
      } else {
        std::fill(sums.begin(), sums.end(), 0);
        CollectRow(gradient, row / field_.height, row % field_.height, sums.data());
        Convert(sums.data(), numbers, to);
      }
    }
  }

 private:
  struct Corner {
    int64_t line;    // floor of the position's y, from the lowest on, lines of all pictures counted through
    int64_t column;  // of the window's first pixel
  };

  void CollectRow(const T* gradient, int64_t picture, int64_t row, A* sums) const {
    const int size = window_.size();
    std::vector<A> weights(size);
    for (int64_t line = 0; line < lines_; ++line) {
      const int64_t top = line - window_.reach() + window_.first();  // the row of the window's first pixel
      // Outside of the source the border repeats: the first and the last row are read by all that lies beyond.
      const int64_t low = row == 0 ? 0 : std::max<int64_t>(0, row - top);
      const int64_t high = row == field_.height - 1 ? size - 1 : std::min<int64_t>(size - 1, row - top);
      if (low > high) continue;
      const int64_t index = picture * lines_ + line;
      for (int64_t i = starts_[index]; i < starts_[index + 1]; ++i) {
        const A* all = weights_.data() + sorted_[i] * size * size;
        std::copy(all + low * size, all + (low + 1) * size, weights.begin());
        for (int64_t tap = low + 1; tap <= high; ++tap) {
          for (int j = 0; j < size; ++j) weights[j] += all[tap * size + j];
        }
        Send(gradient + sorted_[i] * field_.channels, corners_[sorted_[i]].column, weights, sums);
      }
    }
  }

  // Adds the gradient of one position, weighted, to the pixels of one row.
  void Send(const T* gradient, int64_t first_column, const std::vector<A>& weights, A* sums) const {
    ForChannels<T>(
        field_.channels,
        [&](int64_t c, auto registers) { SendBlock<registers()>(gradient + c, first_column, weights, sums + c); },
        [&](int64_t c, int count) { SendPart(gradient + c, first_column, weights, sums + c, count); });
  }

  template <int registers>
  void SendBlock(const T* gradient, int64_t first_column, const std::vector<A>& weights, A* sums) const {
    Vector<T> values[registers];
    for (int r = 0; r < registers; ++r) values[r] = Load(gradient + r * kLanes<T>);
    for (size_t j = 0; j < weights.size(); ++j) {
      A* pixel = sums + Column(first_column + j);
      for (int r = 0; r < registers; ++r) {
        Store<A>(Load(pixel + r * kLanes<T>) + weights[j] * values[r], pixel + r * kLanes<T>);
      }
    }
  }

  void SendPart(const T* gradient, int64_t first_column, const std::vector<A>& weights, A* sums, int count) const {
    const Vector<T> value = LoadPart(gradient, count);
    for (size_t j = 0; j < weights.size(); ++j) {
      A* pixel = sums + Column(first_column + j);
      StorePart<A>(LoadPart(pixel, count) + weights[j] * value, pixel, count);
    }
  }

  int64_t Column(int64_t column) const {
    return std::clamp<int64_t>(column, 0, field_.width - 1) * field_.channels;
  }

  static void Convert(const A* sums, int64_t count, T* output) {
    constexpr int lanes = kLanes<T>;
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) Store<T>(Load(sums + i), output + i);
    if (i < count) StorePart<T>(LoadPart(sums + i, count - i), output + i, count - i);
  }

  const Field<A> field_;
  const Window window_;
  std::vector<A> weights_;
  std::vector<Corner> corners_;
  const int64_t lines_;  // values that the floor of a position's y can take
  std::vector<int64_t> starts_;
  std::vector<int64_t> sorted_;
};

}  // namespace gfla

#endif  // GFLA_TF_OPS_KERNELS_SCATTER_H_
