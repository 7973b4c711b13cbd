// Windows: which pixels around a position are read, and with which weights.
//
// A window reads size x size neighbouring pixels, the first of them at floor(position) + first along either axis. What
// is common to all: a method Weights gives the size * size weights, row major; a method Gradients takes the derivatives
// by those weights and gives the derivatives by the position (and by what else the weights depend on).

#ifndef GFLA_TF_OPS_KERNELS_WINDOWS_H_
#define GFLA_TF_OPS_KERNELS_WINDOWS_H_

#include <cmath>
#include <cstdint>
#include <vector>

namespace gfla {

// A coordinate in parts.
template <typename A>
struct Coordinate {
  int64_t floor;
  A fraction;    // in [0, 1)
  bool movable;  // false where it was clamped, so that it has no influence
};

// Splits a coordinate, clamped to `reach` pixels outside of an axis of `length` pixels: further out a window reads the
// border pixel only. What is no number reads the border, too, and keeps its fraction, so that it shows in the result.
template <typename A>
inline Coordinate<A> Split(A position, int64_t length, int reach) {
  const A low = -reach, high = length - 1 + reach;
  const A clamped = position >= low ? (position <= high ? position : high) : low;
  const A whole = std::floor(clamped);
  const A fraction = std::isnan(position) ? position : clamped - whole;
  return {static_cast<int64_t>(whole), fraction, position >= low && position <= high};
}

// A position's derivatives.
template <typename A>
struct PositionGradient {
  A x;
  A y;
};

// The k x k attention weights of each position, given at fractional taps, spread over (k + 1) x (k + 1) pixels.
template <typename A>
class AttentionWindow {
 public:
  // `weights` has k * k numbers a position, `gradient` room for as many (or is null); `scale` multiplies all weights.
  AttentionWindow(const A* weights, A* gradient, int kernel_size, A scale)
      : weights_(weights), gradient_(gradient), kernel_(kernel_size), scale_(scale), rows_((kernel_ + 1) * kernel_) {}

  int size() const { return kernel_ + 1; }
  int first() const { return -(kernel_ / 2); }
  int reach() const { return kernel_ / 2; }

  void Weights(int64_t position, A x, A y, A* weights) {
    SpreadRows(position, y);
    for (int i = 0; i <= kernel_; ++i) {
      const A* row = rows_.data() + i * kernel_;
      weights[0] = (1 - x) * row[0];
      for (int j = 1; j < kernel_; ++j) weights[j] = (1 - x) * row[j] + x * row[j - 1];
      weights[kernel_] = x * row[kernel_ - 1];
      weights += kernel_ + 1;
    }
  }

  PositionGradient<A> Gradients(int64_t position, A x, A y, const A* by_weights) {
    PositionGradient<A> gradient = {0, 0};
    SpreadRows(position, y);
    for (int i = 0; i <= kernel_; ++i) {
      A* row = rows_.data() + i * kernel_;
      for (int j = 0; j < kernel_; ++j) {
        gradient.x += row[j] * (by_weights[j + 1] - by_weights[j]);
        row[j] = scale_ * ((1 - x) * by_weights[j] + x * by_weights[j + 1]);  // from here on the derivative by the row
      }
      by_weights += kernel_ + 1;
    }
    const A* own = weights_ + position * kernel_ * kernel_;
    A* by_own = gradient_ + position * kernel_ * kernel_;
    for (int i = 0; i < kernel_ * kernel_; ++i) {
      const A upper = rows_[i], lower = rows_[i + kernel_];
      by_own[i] = (1 - y) * upper + y * lower;
      gradient.y += own[i] * (lower - upper);
    }
    return gradient;
  }

 private:
  // The weights spread along y only: k + 1 rows of k.
  void SpreadRows(int64_t position, A y) {
    const A* own = weights_ + position * kernel_ * kernel_;
    const A near = scale_ * (1 - y), far = scale_ * y;
    for (int j = 0; j < kernel_; ++j) rows_[j] = near * own[j];
    for (int i = kernel_; i < kernel_ * kernel_; ++i) rows_[i] = near * own[i] + far * own[i - kernel_];
    for (int j = 0; j < kernel_; ++j) rows_[kernel_ * kernel_ + j] = far * own[(kernel_ - 1) * kernel_ + j];
  }

  const A* weights_;
  A* gradient_;
  int kernel_;
  A scale_;
  std::vector<A> rows_;
};

// Weights along one axis, and their derivatives by the fraction.
template <typename A, int size>
struct AxisWeights {
  A weight[size];
  A slope[size];
};

template <typename A>
struct Bilinear {
  static constexpr int kSize = 2;
  static constexpr int kFirst = 0;

  static AxisWeights<A, kSize> At(A fraction) { return {{1 - fraction, fraction}, {-1, 1}}; }
};

// Four taps, sigma 2 pixels, normalised to 1.
template <typename A>
struct Gaussian {
  static constexpr int kSize = 4;
  static constexpr int kFirst = -1;
  static constexpr A kVariance = 4;

  static AxisWeights<A, kSize> At(A fraction) {
    AxisWeights<A, kSize> axis;
    A total = 0, mean_slope = 0;
    for (int i = 0; i < kSize; ++i) {
      const A distance = fraction - (kFirst + i);
      axis.weight[i] = std::exp(-distance * distance / (2 * kVariance));
      axis.slope[i] = -distance / kVariance;  // of the logarithm
      total += axis.weight[i];
    }
    for (int i = 0; i < kSize; ++i) {
      axis.weight[i] /= total;
      mean_slope += axis.weight[i] * axis.slope[i];
    }
    for (int i = 0; i < kSize; ++i) axis.slope[i] = axis.weight[i] * (axis.slope[i] - mean_slope);
    return axis;
  }
};

// A window whose weight is one of x times one of y; Kind is one of the two above.
template <typename A, template <typename> class Kind>
class SeparableWindow {
 public:
  static constexpr int kSize = Kind<A>::kSize;

  int size() const { return kSize; }
  int first() const { return Kind<A>::kFirst; }
  int reach() const { return kSize - 1 + Kind<A>::kFirst; }

  void Weights(int64_t, A x, A y, A* weights) {
    const auto columns = Kind<A>::At(x), rows = Kind<A>::At(y);
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) *weights++ = rows.weight[i] * columns.weight[j];
    }
  }

  PositionGradient<A> Gradients(int64_t, A x, A y, const A* by_weights) {
    const auto columns = Kind<A>::At(x), rows = Kind<A>::At(y);
    PositionGradient<A> gradient = {0, 0};
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j, ++by_weights) {
        gradient.x += rows.weight[i] * columns.slope[j] * *by_weights;
        gradient.y += rows.slope[i] * columns.weight[j] * *by_weights;
      }
    }
    return gradient;
  }
};

}  // namespace gfla

#endif  // GFLA_TF_OPS_KERNELS_WINDOWS_H_
