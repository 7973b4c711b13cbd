// Gathering the pixels of windows, and the way back.
//
// Conventions: maps are [batch, height, width, channels]; the flow [batch, target_height, target_width, 2] holds
// (dx, dy) in source pixels; target position l reads around l + flow(l); outside of the source its border pixel repeats.
//
// Every function computes a range of positions or rows from beginning to end, and nobody else writes there: results do
// not depend on how the work is shared out, to the last bit.

#ifndef GFLA_TF_OPS_KERNELS_GATHER_H_
#define GFLA_TF_OPS_KERNELS_GATHER_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "vectors.h"
#include "windows.h"

namespace gfla {

// The sizes of a problem, and its flow.
template <typename A>
struct Field {
  int64_t batch, height, width;  // of the source
  int64_t channels;
  int64_t target_height, target_width;
  const A* flow;

  int64_t positions() const { return batch * target_height * target_width; }
  int64_t picture(int64_t position) const { return position / (target_height * target_width); }
  int64_t source_numbers() const { return height * width * channels; }  // of one picture

  Coordinate<A> X(int64_t position, int reach) const {
    return Split<A>(flow[2 * position] + position % target_width, width, reach);
  }
  Coordinate<A> Y(int64_t position, int reach) const {
    return Split<A>(flow[2 * position + 1] + position / target_width % target_height, height, reach);
  }
};

// Where a window's pixels lie in memory: pixel (i, j) at rows[i] + columns[j].
struct Taps {
  std::vector<int64_t> rows, columns;

  explicit Taps(int size) : rows(size), columns(size) {}

  template <typename A>
  void Place(const Field<A>& field, int64_t picture, int64_t first_row, int64_t first_column) {
    const int64_t line = field.width * field.channels;
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t row = std::clamp<int64_t>(first_row + i, 0, field.height - 1);
      const int64_t column = std::clamp<int64_t>(first_column + i, 0, field.width - 1);
      rows[i] = picture * field.source_numbers() + row * line;
      columns[i] = column * field.channels;
    }
  }
};

// Calls whole(first channel, number of registers) for most channels, many registers at a time and then one at a time,
// and part(first channel, number of channels) for those that fill no register.
template <typename T, typename Whole, typename Part>
inline void ForChannels(int64_t channels, Whole whole, Part part) {
  constexpr int lanes = kLanes<T>, block = 8;
  int64_t c = 0;
  for (; c + block * lanes <= channels; c += block * lanes) whole(c, std::integral_constant<int, block>());
  for (; c + lanes <= channels; c += lanes) whole(c, std::integral_constant<int, 1>());
  if (c < channels) part(c, static_cast<int>(channels - c));
}

// The weighted sum of a window's pixels, for `registers` registers of channels from `source` on.
template <int registers, typename T>
inline void SumBlock(const T* source, const Taps& taps, const Number<T>* weights, T* output) {
  Vector<T> sums[registers] = {};
  for (const int64_t row : taps.rows) {
    for (const int64_t column : taps.columns) {
      const T* pixel = source + row + column;
      const Number<T> weight = *weights++;
      for (int r = 0; r < registers; ++r) sums[r] += weight * Load(pixel + r * kLanes<T>);
    }
  }
  for (int r = 0; r < registers; ++r) Store<T>(sums[r], output + r * kLanes<T>);
}

template <typename T>
inline void SumPart(const T* source, const Taps& taps, const Number<T>* weights, T* output, int count) {
  Vector<T> sum = {};
  for (const int64_t row : taps.rows) {
    for (const int64_t column : taps.columns) sum += *weights++ * LoadPart(source + row + column, count);
  }
  StorePart<T>(sum, output, count);
}

// Adds each pixel's scalar product with `gradient` to `products`.
template <int registers, typename T>
inline void MultiplyBlock(const T* source, const Taps& taps, const T* gradient, Number<T>* products) {
  Vector<T> factors[registers];
  for (int r = 0; r < registers; ++r) factors[r] = Load(gradient + r * kLanes<T>);
  for (const int64_t row : taps.rows) {
    for (const int64_t column : taps.columns) {
      const T* pixel = source + row + column;
      Vector<T> product = {};
      for (int r = 0; r < registers; ++r) product += factors[r] * Load(pixel + r * kLanes<T>);
      *products++ += Sum<T>(product);
    }
  }
}

template <typename T>
inline void MultiplyPart(const T* source, const Taps& taps, const T* gradient, Number<T>* products, int count) {
  const Vector<T> factor = LoadPart(gradient, count);
  for (const int64_t row : taps.rows) {
    for (const int64_t column : taps.columns) {
      *products++ += Sum<T>(factor * LoadPart(source + row + column, count));
    }
  }
}

// The outputs of the positions from `begin` to `end`.
template <typename T, typename Window>
void Gather(const Field<Number<T>>& field, Window window, const T* source, T* output, int64_t begin, int64_t end) {
  const int size = window.size();
  std::vector<Number<T>> weights(size * size);
  Taps taps(size);
  for (int64_t position = begin; position < end; ++position) {
    const auto x = field.X(position, window.reach()), y = field.Y(position, window.reach());
    taps.Place(field, field.picture(position), y.floor + window.first(), x.floor + window.first());
    window.Weights(position, x.fraction, y.fraction, weights.data());
    T* to = output + position * field.channels;
    ForChannels<T>(
        field.channels,
        [&](int64_t c, auto registers) { SumBlock<registers()>(source + c, taps, weights.data(), to + c); },
        [&](int64_t c, int count) { SumPart(source + c, taps, weights.data(), to + c, count); });
  }
}

// The derivatives by the flow, and by what else the window's weights depend on, of the positions from `begin` to `end`.
template <typename T, typename Window>
void GatherGradient(const Field<Number<T>>& field, Window window, const T* source, const T* gradient,
                    Number<T>* flow_gradient, int64_t begin, int64_t end) {
  const int size = window.size();
  std::vector<Number<T>> products(size * size);
  Taps taps(size);
  for (int64_t position = begin; position < end; ++position) {
    const auto x = field.X(position, window.reach()), y = field.Y(position, window.reach());
    taps.Place(field, field.picture(position), y.floor + window.first(), x.floor + window.first());
    std::fill(products.begin(), products.end(), 0);
    const T* from = gradient + position * field.channels;
    ForChannels<T>(
        field.channels,
        [&](int64_t c, auto registers) { MultiplyBlock<registers()>(source + c, taps, from + c, products.data()); },
        [&](int64_t c, int count) { MultiplyPart(source + c, taps, from + c, products.data(), count); });
    const auto by_position = window.Gradients(position, x.fraction, y.fraction, products.data());
    flow_gradient[2 * position] = x.movable ? by_position.x : 0;
    flow_gradient[2 * position + 1] = y.movable ? by_position.y : 0;
  }
}

}  // namespace gfla

#endif  // GFLA_TF_OPS_KERNELS_GATHER_H_
