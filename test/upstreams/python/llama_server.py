"""The HTTP server of llama.cpp: python llama_server.py <model.gguf> <port> <name of the model>"""

import sys
import time

import xllamacpp

SLOTS = 2
TOKENS_A_SLOT = 4096

path, port, name = sys.argv[1:]
params = xllamacpp.CommonParams()
params.model.path = path
params.model_alias = {name}
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.n_parallel = SLOTS
params.n_ctx = SLOTS * TOKENS_A_SLOT
params.n_gpu_layers = 0
params.cpuparams.n_threads = 1
params.embedding = True
params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
params.endpoint_metrics = True

server = xllamacpp.Server(params)
while True:
    time.sleep(60)
