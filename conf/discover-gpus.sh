#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What Spark asks for the GPUs of a machine (spark.executor.resource.gpu.discoveryScript): their indices as JSON.
set -euo pipefail
indices="$(nvidia-smi --query-gpu=index --format=csv,noheader | sed 's/.*/"&"/' | paste -sd, -)"
echo "{\"name\": \"gpu\", \"addresses\": [$indices]}"
