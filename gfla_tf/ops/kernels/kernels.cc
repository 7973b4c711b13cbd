// The operations' work: checks their inputs and shares positions or rows out to TensorFlow's threads.

#include <cmath>
#include <string>

#include "gather.h"
#include "scatter.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/util/work_sharder.h"

namespace gfla {
namespace {

using tensorflow::OpKernel;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::errors::InvalidArgument;

// A tensor's numbers as the headers beside this file call them. (No Eigen: what it expects of a tensor's place in
// memory depends on the processor that one compiles for.)
template <typename T>
T* Numbers(const Tensor& tensor) {
  return static_cast<T*>(tensor.data());
}

// The sizes of a map and a flow, inputs `first` and `first` + 1.
template <typename A>
absl::Status MakeField(OpKernelContext* context, int first, Field<A>* field) {
  const Tensor& source = context->input(first);
  const Tensor& flow = context->input(first + 1);
  if (source.dims() != 4) {
    return InvalidArgument("A source of shape [batch, height, width, channels] is expected. Received: ",
                           source.shape().DebugString(), ".");
  }
  if (flow.dims() != 4 || flow.dim_size(3) != 2) {
    return InvalidArgument("A flow of shape [batch, height, width, 2] is expected. Received: ",
                           flow.shape().DebugString(), ".");
  }
  if (source.dim_size(0) != flow.dim_size(0)) {
    return InvalidArgument("Source and flow must agree in batch. Received: ", source.shape().DebugString(), " and ",
                           flow.shape().DebugString(), ".");
  }
  *field = {source.dim_size(0), source.dim_size(1), source.dim_size(2), source.dim_size(3),
            flow.dim_size(1),   flow.dim_size(2),   Numbers<A>(flow)};
  if (field->positions() > 0 && (field->height == 0 || field->width == 0)) {
    return InvalidArgument("A source with pixels is expected. Received: ", source.shape().DebugString(), ".");
  }
  return absl::OkStatus();
}

// The windows of local attention: weights are the input behind the flow.
template <typename A>
class Attention {
 public:
  explicit Attention(OpKernelConstruction* context) { OP_REQUIRES_OK(context, context->GetAttr("mean", &mean_)); }

  absl::Status Check(OpKernelContext* context, int first) const {
    const Tensor& flow = context->input(first + 1);
    const Tensor& weights = context->input(first + 2);
    const int kernel = weights.dims() == 4 ? KernelSize(weights) : 0;
    if (kernel % 2 == 0 || weights.dim_size(3) != kernel * kernel) {
      return InvalidArgument("Attention weights of shape [batch, height, width, k * k] with an odd k are expected. ",
                             "Received: ", weights.shape().DebugString(), ".");
    }
    for (int axis = 0; axis < 3; ++axis) {
      if (weights.dim_size(axis) != flow.dim_size(axis)) {
        return InvalidArgument("Flow and attention weights must agree in batch, height and width. Received: ",
                               flow.shape().DebugString(), " and ", weights.shape().DebugString(), ".");
      }
    }
    return absl::OkStatus();
  }

  template <typename Function>
  void Use(OpKernelContext* context, int first, Tensor* gradient, Function function) const {
    const Tensor& weights = context->input(first + 2);
    const int kernel = KernelSize(weights);
    const A scale = mean_ ? A(1) / (kernel * kernel) : A(1);
    A* gradient_numbers = gradient ? Numbers<A>(*gradient) : nullptr;
    function(AttentionWindow<A>(Numbers<A>(weights), gradient_numbers, kernel, scale));
  }

 private:
  static int KernelSize(const Tensor& weights) { return std::lround(std::sqrt(weights.dim_size(3))); }

  bool mean_;
};

// The windows of sampling, which depend on the position alone.
template <typename A>
class Sampling {
 public:
  explicit Sampling(OpKernelConstruction* context) {
    std::string name;
    OP_REQUIRES_OK(context, context->GetAttr("window", &name));
    gaussian_ = name == "gaussian";
  }

  absl::Status Check(OpKernelContext*, int) const { return absl::OkStatus(); }

  template <typename Function>
  void Use(OpKernelContext*, int, Tensor*, Function function) const {
    if (gaussian_) {
      function(SeparableWindow<A, Gaussian>());
    } else {
      function(SeparableWindow<A, Bilinear>());
    }
  }

 private:
  bool gaussian_;
};

// What the kernels below have in common; `first` is the input that holds the source, behind the gradient if there is one.
template <typename T, template <typename> class Windows, int first>
class Kernel : public OpKernel {
 public:
  using A = Number<T>;

  explicit Kernel(OpKernelConstruction* context) : OpKernel(context), windows_(context) {}

  void Compute(OpKernelContext* context) override {
    Field<A> field;
    OP_REQUIRES_OK(context, MakeField(context, first, &field));
    OP_REQUIRES_OK(context, windows_.Check(context, first));
    const tensorflow::TensorShape sampled(
        {field.batch, field.target_height, field.target_width, field.channels});
    OP_REQUIRES(context, first == 0 || context->input(0).shape() == sampled,
                InvalidArgument("A gradient of shape ", sampled.DebugString(), " is expected. Received: ",
                                context->input(0).shape().DebugString(), "."));
    Work(context, field, sampled);
  }

 protected:
  virtual void Work(OpKernelContext* context, const Field<A>& field, const tensorflow::TensorShape& sampled) = 0;

  // Calls function(begin, end) for parts of `total`; `windows` says how many windows one unit reads.
  template <typename Function>
  static void Share(OpKernelContext* context, const Field<A>& field, int size, int64_t total, double windows,
                    Function function) {
    const auto* threads = context->device()->tensorflow_cpu_worker_threads();
    const double registers = 1 + field.channels / kLanes<T>;
    const int64_t cycles = 1 + windows * size * size * registers;
    tensorflow::Shard(threads->num_threads, threads->workers, total, cycles, function);
  }

  const Windows<A> windows_;
};

template <typename T, template <typename> class Windows>
class Forward : public Kernel<T, Windows, 0> {
 public:
  using Base = Kernel<T, Windows, 0>;
  using Base::Base;

  void Work(OpKernelContext* context, const Field<Number<T>>& field, const tensorflow::TensorShape& sampled) override {
    Tensor* output;
    OP_REQUIRES_OK(context, context->allocate_output(0, sampled, &output));
    if (output->NumElements() == 0) return;
    this->windows_.Use(context, 0, nullptr, [&](auto window) {
      this->Share(context, field, window.size(), field.positions(), 1, [&](int64_t begin, int64_t end) {
        Gather<T>(field, window, Numbers<T>(context->input(0)), Numbers<T>(*output), begin, end);
      });
    });
  }
};

template <typename T, template <typename> class Windows>
class Backward : public Kernel<T, Windows, 1> {
 public:
  using Base = Kernel<T, Windows, 1>;
  using Base::Base;

  void Work(OpKernelContext* context, const Field<Number<T>>& field, const tensorflow::TensorShape&) override {
    Tensor* flow;
    Tensor* weights = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, context->input(2).shape(), &flow));
    if (context->num_outputs() > 1) {
      OP_REQUIRES_OK(context, context->allocate_output(1, context->input(3).shape(), &weights));
    }
    this->windows_.Use(context, 1, weights, [&](auto window) {
      this->Share(context, field, window.size(), field.positions(), 2, [&](int64_t begin, int64_t end) {
        GatherGradient<T>(field, window, Numbers<T>(context->input(1)), Numbers<T>(context->input(0)),
                          Numbers<Number<T>>(*flow), begin, end);
      });
    });
  }
};

template <typename T, template <typename> class Windows>
class SourceBackward : public Kernel<T, Windows, 1> {
 public:
  using Base = Kernel<T, Windows, 1>;
  using Base::Base;

  void Work(OpKernelContext* context, const Field<Number<T>>& field, const tensorflow::TensorShape&) override {
    Tensor* output;
    OP_REQUIRES_OK(context, context->allocate_output(0, context->input(1).shape(), &output));
    if (output->NumElements() == 0) return;
    const T* gradient = Numbers<T>(context->input(0));
    this->windows_.Use(context, 1, nullptr, [&](auto window) {
      const int64_t rows = field.batch * field.height;
      const double windows = 2.0 * field.positions() / rows;
      Scatter<T, decltype(window)> scatter(field, window);
      this->Share(context, field, window.size(), field.positions(), 0.1,
                  [&](int64_t begin, int64_t end) { scatter.Place(begin, end); });
      scatter.Sort();
      this->Share(context, field, window.size(), rows, windows, [&](int64_t begin, int64_t end) {
        scatter.Collect(gradient, Numbers<T>(*output), begin, end);
      });
    });
  }
};

}  // namespace

#define GFLA_REGISTER(name, kernel, windows, type, stored, position)             \
  REGISTER_KERNEL_BUILDER(Name("Gfla>" name)                                     \
                              .Device(tensorflow::DEVICE_CPU)                    \
                              .TypeConstraint<type>("T")                         \
                              .TypeConstraint<position>("P"),                    \
                          kernel<stored, windows>)

#define GFLA_REGISTER_TYPE(type, stored, position)                                                       \
  GFLA_REGISTER("LocalAttention", Forward, Attention, type, stored, position);                          \
  GFLA_REGISTER("LocalAttentionGrad", Backward, Attention, type, stored, position);                     \
  GFLA_REGISTER("LocalAttentionSourceGrad", SourceBackward, Attention, type, stored, position);         \
  GFLA_REGISTER("Sample", Forward, Sampling, type, stored, position);                                   \
  GFLA_REGISTER("SampleGrad", Backward, Sampling, type, stored, position);                              \
  GFLA_REGISTER("SampleSourceGrad", SourceBackward, Sampling, type, stored, position)

GFLA_REGISTER_TYPE(float, float, float);
GFLA_REGISTER_TYPE(double, double, double);
GFLA_REGISTER_TYPE(tensorflow::bfloat16, BFloat16, float);

}  // namespace gfla
