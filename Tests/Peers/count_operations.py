#!/usr/bin/env python3
"""Counts the multiply-accumulates of a U-Net or ControlNet with PyTorch's own counter, for DiffusionTests.

    python Tests/Peers/count_operations.py CONFIG.json HEIGHT WIDTH [TEXT_LENGTH]

Nothing is computed: the network lies on the meta device.
"""
import json
import sys

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch.utils.flop_counter import FlopCounterMode


def main():
    config, height, width = json.load(open(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    length = int(sys.argv[4]) if len(sys.argv) > 4 else 77
    control = config["_class_name"] == "ControlNetModel"
    with torch.device("meta"):
        net = (ControlNetModel if control else UNet2DConditionModel).from_config(config)
        text = torch.zeros((1, length, config["cross_attention_dim"]))
        arguments = dict(sample=torch.zeros((1, config["in_channels"], height, width)), timestep=torch.zeros(1),
                         encoder_hidden_states=text)
        if control:
            factor = 2 ** (len(config["conditioning_embedding_out_channels"]) - 1)
            arguments["controlnet_cond"] = torch.zeros(
                (1, config["conditioning_channels"], height * factor, width * factor))
        with FlopCounterMode(display=False) as counter:
            net(**arguments)
    print(counter.get_total_flops() // 2, sum(p.numel() for p in net.parameters()))


if __name__ == "__main__":
    main()
