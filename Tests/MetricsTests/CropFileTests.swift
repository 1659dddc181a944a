import Foundation
import Layers
import Metrics
import TensorCore
import Testing

@Suite struct CropFileTests {
    private func file(
        _ change: (inout [String: Tensor], inout [String: String]) -> Void = { _, _ in }
    ) throws -> CropFile {
        var tensors = [
            "images": Tensor(PortableRandom.uniform("images", 2 * 3 * 16 * 20), shape: [2, 3, 16, 20]),
            "masks": Tensor((0..<640).map { $0 % 5 == 0 ? 1 : 0 }, shape: [2, 1, 16, 20]),
            "photo": Tensor([1, 0], shape: [2]), "content": Tensor([2, 0], shape: [2]),
        ]
        var metadata = ["photos": #"["x.jpg", "y.png"]"#, "contents": #"["smooth", "edges", "texture"]"#]
        change(&tensors, &metadata)
        let path = NSTemporaryDirectory() + "refine-\(UUID().uuidString).safetensors"
        try Safetensors.write(tensors, to: path, metadata: metadata)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try CropFile(reading: path)
    }

    @Test func cropsComeWithTheirPhotoHoleAndContent() throws {
        let samples = try file().samples
        #expect(samples.map(\.photo) == ["y.png", "x.jpg"])
        #expect(samples.map(\.content) == [.texture, .smooth])
        #expect(samples[1].truth.width == 20)
        #expect(samples[1].mask?.prefix(6) == [255, 0, 0, 0, 0, 255])
        #expect(samples[1].truth.values == Array(PortableRandom.uniform("images", 2 * 3 * 16 * 20).suffix(960)))
    }

    @Test func withoutLabelsEveryCropIsAPhoto() throws {
        let samples = try file { tensors, _ in
            tensors["photo"] = nil
            tensors["content"] = nil
        }.samples
        #expect(Set(samples.map(\.photo)).count == 2)
        #expect(samples[0].content == .texture)
    }

    @Test func badFilesAreRefusedByName() {
        func refused(_ word: String, _ change: @escaping (inout [String: Tensor], inout [String: String]) -> Void) {
            let error = #expect(throws: ModelError.self) { try file(change) }
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "nothing")")
            #expect(error?.remedy.contains("make_crops.py") == true)
        }
        refused("images") { tensors, _ in tensors["images"] = nil }
        refused("masks") { tensors, _ in tensors["masks"] = Tensor(repeating: 1, shape: [2, 1, 16, 16]) }
        refused("no hole") { tensors, _ in tensors["masks"] = Tensor(repeating: 0, shape: [2, 1, 16, 20]) }
        refused("photo") { tensors, _ in tensors["photo"] = Tensor([0, 2], shape: [2]) }
        refused("photo") { _, metadata in metadata["photos"] = "x" }
        refused("content") { tensors, _ in tensors["content"] = Tensor([.nan, 0], shape: [2]) }
    }
}
