"""Video in any style: decode, paint, steady and encode, with the sound; and the live camera (extra ``video``)."""
