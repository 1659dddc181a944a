import Diffusion

extension NetworkShape {
    /// Multiply-accumulates of one denoising step over a square picture of `side` pixels by the direct method, ControlNet
    /// included; the text encoder runs once for a job and is left out.
    public func multiplyAccumulates(side: Int) -> Double {
        let side = side / codec.patchSize, length = CLIPTextConfiguration.smallLength
        return unet.multiplyAccumulates(height: side, width: side, textLength: length)
            + (controlNet?.multiplyAccumulates(height: side, width: side, textLength: length) ?? 0)
    }
}
