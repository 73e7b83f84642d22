"""Operations on more than one frame: optical flow and stabilisation."""
