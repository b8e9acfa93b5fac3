"""Published designs of motion tokenizers, to train beside ours on the same clips.

model = MotionVQVAE(Layout(**layouts()["vq"]), mean, scale, lower, upper, batch_latents=640)
"""
