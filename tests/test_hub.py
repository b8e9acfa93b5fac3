from tdmm_hf.hub import code_files
from tdmm_hf.pipelines import EMBEDDED_CHECKPOINT


def test_the_embedded_checkpoint_carries_the_code_of_this_package():
    for file in code_files("tdmm"):
        carried = EMBEDDED_CHECKPOINT / file.name
        assert carried.read_bytes() == file.read_bytes(), f"copy {file.name} anew"
