// The operations as TensorFlow knows them: names, types, shapes.

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace gfla {
namespace {

using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;
using tensorflow::shape_inference::ShapeHandle;

// Inputs `source` and `source` + 1 are a map and a flow.
absl::Status CheckMapAndFlow(InferenceContext* context, int source, ShapeHandle* map, ShapeHandle* flow) {
  DimensionHandle unused;
  TF_RETURN_IF_ERROR(context->WithRank(context->input(source), 4, map));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(source + 1), 4, flow));
  TF_RETURN_IF_ERROR(context->Merge(context->Dim(*map, 0), context->Dim(*flow, 0), &unused));
  return context->WithValue(context->Dim(*flow, 3), 2, &unused);
}

absl::Status SampledShape(InferenceContext* context) {
  ShapeHandle map, flow, sampled;
  TF_RETURN_IF_ERROR(CheckMapAndFlow(context, 0, &map, &flow));
  TF_RETURN_IF_ERROR(context->ReplaceDim(flow, 3, context->Dim(map, 3), &sampled));
  context->set_output(0, sampled);
  return absl::OkStatus();
}

absl::Status AttendedShape(InferenceContext* context) {
  ShapeHandle weights;
  DimensionHandle unused;
  TF_RETURN_IF_ERROR(SampledShape(context));
  TF_RETURN_IF_ERROR(context->WithRank(context->input(2), 4, &weights));
  for (int axis = 0; axis < 3; ++axis) {
    TF_RETURN_IF_ERROR(
        context->Merge(context->Dim(context->input(1), axis), context->Dim(weights, axis), &unused));
  }
  return absl::OkStatus();
}

// Output i has the shape of input i + first.
template <int first>
absl::Status ShapesOfInputs(InferenceContext* context) {
  for (int i = 0; i < context->num_outputs(); ++i) context->set_output(i, context->input(i + first));
  return absl::OkStatus();
}

}  // namespace

#define GFLA_TYPES Attr("T: {float, double, bfloat16}").Attr("P: {float, double}")

REGISTER_OP("Gfla>LocalAttention")
    .Input("source: T")
    .Input("flow: P")
    .Input("weights: P")
    .Output("attended: T")
    .Attr("mean: bool")
    .GFLA_TYPES.SetShapeFn(AttendedShape);

REGISTER_OP("Gfla>LocalAttentionGrad")
    .Input("gradient: T")
    .Input("source: T")
    .Input("flow: P")
    .Input("weights: P")
    .Output("flow_gradient: P")
    .Output("weights_gradient: P")
    .Attr("mean: bool")
    .GFLA_TYPES.SetShapeFn(ShapesOfInputs<2>);

REGISTER_OP("Gfla>LocalAttentionSourceGrad")
    .Input("gradient: T")
    .Input("source: T")
    .Input("flow: P")
    .Input("weights: P")
    .Output("source_gradient: T")
    .Attr("mean: bool")
    .GFLA_TYPES.SetShapeFn(ShapesOfInputs<1>);

REGISTER_OP("Gfla>Sample")
    .Input("source: T")
    .Input("flow: P")
    .Output("sampled: T")
    .Attr("window: {'bilinear', 'gaussian'}")
    .GFLA_TYPES.SetShapeFn(SampledShape);

REGISTER_OP("Gfla>SampleGrad")
    .Input("gradient: T")
    .Input("source: T")
    .Input("flow: P")
    .Output("flow_gradient: P")
    .Attr("window: {'bilinear', 'gaussian'}")
    .GFLA_TYPES.SetShapeFn(ShapesOfInputs<2>);

REGISTER_OP("Gfla>SampleSourceGrad")
    .Input("gradient: T")
    .Input("source: T")
    .Input("flow: P")
    .Output("source_gradient: T")
    .Attr("window: {'bilinear', 'gaussian'}")
    .GFLA_TYPES.SetShapeFn(ShapesOfInputs<1>);

}  // namespace gfla
