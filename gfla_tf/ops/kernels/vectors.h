// Arithmetic along the channels of one pixel, in vectors as wide as the processor's registers.
//
// Numbers of 16 bits are computed with in float32 and rounded once, when they are stored.

#ifndef GFLA_TF_OPS_KERNELS_VECTORS_H_
#define GFLA_TF_OPS_KERNELS_VECTORS_H_

#include <cstdint>
#include <cstring>

namespace gfla {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

// The upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

// What numbers stored as T are computed in, and a register full of those.
template <typename T>
struct Arithmetic;

template <>
struct Arithmetic<float> {
  using Number = float;
  typedef float Vector __attribute__((vector_size(kBytes)));
};

template <>
struct Arithmetic<double> {
  using Number = double;
  typedef double Vector __attribute__((vector_size(kBytes)));
};

template <>
struct Arithmetic<BFloat16> : Arithmetic<float> {};

template <typename T>
using Number = typename Arithmetic<T>::Number;

template <typename T>
using Vector = typename Arithmetic<T>::Vector;

// How many numbers a register holds.
template <typename T>
constexpr int kLanes = kBytes / sizeof(Number<T>);

typedef uint16_t Words __attribute__((vector_size(kBytes / 2)));
typedef uint32_t DoubleWords __attribute__((vector_size(kBytes)));

template <typename T>
inline Vector<T> Load(const T* from) {
  Vector<T> vector;
  std::memcpy(&vector, from, sizeof(vector));
  return vector;
}

template <>
inline Vector<BFloat16> Load(const BFloat16* from) {
  Words words;
  std::memcpy(&words, from, sizeof(words));
  return (Vector<BFloat16>)(__builtin_convertvector(words, DoubleWords) << 16);
}

template <typename T>
inline void Store(Vector<T> vector, T* to) {
  std::memcpy(to, &vector, sizeof(vector));
}

// Rounds to the nearest, ties to even; what is no number stays none.
template <>
inline void Store(Vector<BFloat16> vector, BFloat16* to) {
  const DoubleWords bits = (DoubleWords)vector;
  const DoubleWords rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const DoubleWords nan = (bits >> 16) | 0x40;
  const Words words = __builtin_convertvector((bits & 0x7fffffff) > 0x7f800000 ? nan : rounded, Words);
  std::memcpy(to, &words, sizeof(words));
}

// The first `count` numbers of a register, zeros behind them.
template <typename T>
inline Vector<T> LoadPart(const T* from, int count) {
  T numbers[kLanes<T>] = {};
  std::memcpy(numbers, from, count * sizeof(T));
  return Load(numbers);
}

template <typename T>
inline void StorePart(Vector<T> vector, T* to, int count) {
  T numbers[kLanes<T>];
  Store<T>(vector, numbers);
  std::memcpy(to, numbers, count * sizeof(T));
}

// The sum of a register's numbers: first its parts of 16 bytes, which every processor adds at once.
template <typename T>
inline Number<T> Sum(Vector<T> vector) {
  typedef Number<T> Part __attribute__((vector_size(16)));
  Part parts[kBytes / 16], total = {};
  std::memcpy(parts, &vector, sizeof(parts));
  for (const Part& part : parts) total += part;
  Number<T> sum = 0;
  for (size_t i = 0; i < 16 / sizeof(Number<T>); ++i) sum += total[i];
  return sum;
}

}  // namespace gfla

#endif  // GFLA_TF_OPS_KERNELS_VECTORS_H_
