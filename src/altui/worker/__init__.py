"""What runs inside a job: `python -m altui.worker JOBFOLDER`.

The only package that imports torch and segmentation-models-pytorch, and it does so late:
importing `altui.worker` or `altui.worker.life` stays light.
"""
