"""A server for development: TensorFlow Serving's REST and gRPC interface over the same SavedModels, in one process.

| module | idea |
|---|---|
| `server` | everything put together, started and stopped |
| `http_server`, `rest`, `routes` | HTTP; requests by address; addresses |
| `json_requests`, `json_answers` | the JSON of the REST interface |
| `grpc_server` | the gRPC interface, with the stubs of tensorflow-serving-api |
| `service` | what both have in common: a request from model to answer |
| `batching`, `batching_parameters` | requests merged, in a queue that cannot grow for ever |
| `watcher`, `wanted`, `model_store`, `loaded_model` | versions: looked for, chosen, kept and drained, run |
| `metrics` | numbers for Prometheus |

It is no production server: one Python process, no TLS, nobody asks who a caller is. That is what TensorFlow Serving is
for, which runs the same folders.
"""
