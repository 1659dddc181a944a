import BusTransport
import Foundation
import RefineBus
import RefineDaemon
import TestSupport
import Testing

@Suite struct OptionTests {
    static let wrong: [(String, BusValue, String)] = [
        ("colour", .string("red"), "colour.unknown-option"),
        ("steps", .int32(3), "steps.wrong-type"), ("steps", .string("3"), "steps.wrong-type"),
        ("seed", .uint32(1), "seed.wrong-type"), ("prompt", .bytes([1]), "prompt.wrong-type"),
        ("detach", .uint32(1), "detach.wrong-type"), ("detail", .uint32(0), "detail.wrong-type"),
        ("box", .array(of: .structure([.uint32, .uint32]), []), "box.wrong-type"),
        ("steps", .uint32(0), "steps.out-of-range"), ("steps", .uint32(65), "steps.out-of-range"),
        ("feather", .uint32(.max), "feather.out-of-range"), ("dilate", .uint32(257), "dilate.out-of-range"),
        ("guidance", .double(.nan), "guidance.out-of-range"), ("variants", .uint32(0), "variants.out-of-range"),
        ("prompt", .string("a dog"), "prompt.no-text-encoder"), ("guidance", .double(3), "guidance.no-text-encoder"),
        ("variants", .uint32(9), "variants.out-of-range"),
        ("handle_token", .string("a/b"), "handle_token.malformed"),
        ("handle_token", .string(""), "handle_token.malformed"),
    ]

    @Test func eachWrongOptionIsRefusedByName() async throws {
        try await TestDaemon.with { daemon in
            let image = try memory(PortableMap.photo(8, 4))
            let mask = try memory(PortableMap.mask(8, 4, marked: 2))
            for (name, value, start) in Self.wrong {
                let error = await #expect(throws: BusError.self) {
                    _ = try await daemon.rawInpaint([.unixFD(image), .unixFD(mask), .options([name: value])])
                }
                #expect(error?.name == "org.refinecontrol.Refine1.Error.InvalidArgument")
                #expect(error?.message.hasPrefix(start + ": ") == true, "\(name): \(error?.message ?? "")")
                #expect(error?.message.contains("; ") == true, "no remedy")
            }
            #expect(try await daemon.get("QueueLength") == .uint32(0))
        }
    }

    @Test func promptPassesWhereTheModelReadsText() async throws {
        try await TestDaemon.with(hasTextEncoder: true) { daemon in
            var options = InpaintOptions()
            options.prompt = "a dog"
            options.guidance = 3
            #expect(try await daemon.inpaint(options).end() == "")
            let codes = try await daemon.get("Capabilities")?.content(as: [String].self)
            #expect(
                codes == [
                    "inpaint", "pixels", "box", "polygon", "invert", "fit_mask", "compare", "preview", "detail",
                    "variants",
                    "prompt",
                ])
        }
    }

    @Test func optionsSurviveTheWay() throws {
        var options = InpaintOptions()
        options.steps = 4
        options.seed = .max
        options.feather = 0
        options.dilate = 9
        options.prompt = "x"
        options.guidance = 1.5
        options.variants = 1
        options.detail = false
        options.box = [.init(x: 1, y: 2, width: 3, height: 4)]
        options.polygon = [[.init(x: 0, y: 0), .init(x: 8, y: 0), .init(x: 0, y: 4)], []]
        options.invert = true
        options.fitMask = true
        options.compare = true
        options.handleToken = "t"
        options.detach = true
        #expect(try InpaintOptions(options.busValue) == options)
        #expect(try InpaintOptions(.options([:])) == InpaintOptions())
    }

    @Test func descriptorsThatAreNoReadableFilesAreRefused() async throws {
        try await TestDaemon.with { daemon in
            let photo = try memory(PortableMap.photo(8, 4))
            let mask = try memory(PortableMap.mask(8, 4, marked: 2))
            let empty = try BusFileDescriptor.memory(named: "empty")
            let path = daemon.bus.folder.appendingPathComponent("write-only").path
            #expect(FileManager.default.createFile(atPath: path, contents: Data([1])))
            let writeOnly = BusFileDescriptor(owning: open(path, O_WRONLY | O_CLOEXEC))
            let directory = BusFileDescriptor(owning: open("/", O_RDONLY | O_CLOEXEC))
            let device = BusFileDescriptor(owning: open("/dev/zero", O_RDONLY | O_CLOEXEC))
            var pipes: [Int32] = [-1, -1], sockets: [Int32] = [-1, -1]
            #expect(pipe(&pipes) == 0 && socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &sockets) == 0)
            let ends = (pipes + sockets).map { BusFileDescriptor(owning: $0) }
            let box = BusValue.array(
                of: .structure([.int32, .int32, .int32, .int32]),
                [.structure([.int32(0), .int32(0), .int32(1), .int32(1)])])
            let cases: [(BusFileDescriptor, BusFileDescriptor, BusValue, String)] = [
                (directory, mask, .options([:]), "image.not-a-file"), (device, mask, .options([:]), "image.not-a-file"),
                (photo, directory, .options([:]), "mask.not-a-file"),
                (ends[0], mask, .options([:]), "image.not-a-file"), (ends[2], mask, .options([:]), "image.not-a-file"),
                (photo, ends[0], .options([:]), "mask.not-a-file"), (photo, ends[2], .options([:]), "mask.not-a-file"),
                (writeOnly, mask, .options([:]), "image.not-readable"),
                (empty, mask, .options([:]), "image.empty-file"), (photo, empty, .options([:]), "mask.empty-file"),
                (photo, mask, .options(["box": box]), "box.mask-and-box"),
            ]
            for (image, mask, options, start) in cases {
                let error = await #expect(throws: BusError.self) {
                    _ = try await daemon.rawInpaint([.unixFD(image), .unixFD(mask), options])
                }
                #expect(error?.message.hasPrefix(start + ": ") == true, "\(start): \(error?.message ?? "")")
            }
        }
    }

    @Test func brokenFilesFailTheirJobAndNameTheArgument() async throws {
        try await TestDaemon.with { daemon in
            let photo = PortableMap.photo(8, 4)
            let mask = PortableMap.mask(8, 4, marked: 2)
            let cases: [([UInt8], [UInt8], RefineError.Code, String)] = [
                (Array("not an image at all".utf8), mask, .unsupportedFormat, "image"),
                (Array(photo.dropLast(5)), mask, .invalidArgument, "image"),
                (photo, PortableMap.mask(7, 4, marked: 2), .invalidArgument, "mask"),
                (photo, PortableMap.mask(8, 4, marked: 0), .invalidArgument, "mask"),
            ]
            for (image, mask, code, subject) in cases {
                let job = try await daemon.manager.inpaint(image: memory(image), mask: memory(mask), .init())
                #expect(try await job.end() == RefineNames.errorPrefix + code.rawValue)
                let error = await #expect(throws: RefineError.self) { _ = try await job.result() }
                #expect(error?.code == code && error?.subject == subject && error?.remedy.isEmpty == false)
            }
            #expect(try await daemon.inpaint().end() == "")
        }
    }
}

@Suite struct ObjectTests {
    @Test func handleTokenMakesThePathPredictable() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            var options = InpaintOptions()
            options.handleToken = "token_1"
            let job = try await daemon.inpaint(options)
            let sender = daemon.client.uniqueName.dropFirst().replacingOccurrences(of: ".", with: "_")
            #expect(job.path == "/org/refinecontrol/Refine1/jobs/\(sender)/token_1")
            let again = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint(options) }
            #expect(again?.subject == "handle_token" && again?.reason == "in-use")
            options.detach = true
            let short = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint(options) }
            #expect(short?.reason == "too-short")
            gate.open()
            #expect(try await job.end() == "")
        }
    }

    @Test func pathsWithoutTokenCannotBeGuessed() async throws {
        try await TestDaemon.with { daemon in
            var paths: Set<String> = []
            for _ in 0..<5 {
                let job = try await daemon.inpaint()
                #expect(job.path.wholeMatch(of: /\/org\/refinecontrol\/Refine1\/jobs\/j[0-9a-f]{32}/) != nil)
                paths.insert(job.path)
                _ = try await job.end()
            }
            #expect(paths.count == 5)
        }
    }

    @Test func strangersMayNeitherUseNorSeeAJob() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            let job = try await daemon.inpaint()
            let stranger = try await daemon.bus.connect()
            let eavesdropped = try await stranger.signals(SignalMatch(interface: RefineNames.job))
            for member in ["Cancel", "GetResult"] {
                let error = await #expect(throws: BusError.self) {
                    _ = try await daemon.call(member, job: job.path, over: stranger)
                }
                #expect(error?.name == "org.refinecontrol.Refine1.Error.NotAllowed")
            }
            let error = await #expect(throws: BusError.self) {
                _ = try await daemon.get("Progress", of: RefineNames.job, at: job.path, over: stranger)
            }
            #expect(error?.name == "org.refinecontrol.Refine1.Error.NotAllowed")
            #expect(try await managedObjects(over: stranger).isEmpty)
            #expect(try await managedObjects(over: daemon.client) == [job.path])
            gate.open()
            #expect(try await job.end() == "")
            // Another signal that everybody gets shows that the first would have arrived.
            try await daemon.client.emit(path: "/x", interface: RefineNames.job, member: "Marker")
            #expect(try await next("a signal", of: eavesdropped).member == "Marker")
        }
    }

    private func managedObjects(over client: BusConnection) async throws -> [String] {
        let reply = try await client.call(
            BusCall(
                to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.objectManager,
                member: "GetManagedObjects"))
        guard case .dictionary(.objectPath, _, let entries)? = reply.first else { return [] }
        return entries.compactMap { $0.key.content(as: BusObjectPath.self)?.rawValue }
    }

    @Test func objectManagerTellsTheOwnerOfItsJobs() async throws {
        var limits = ServiceLimits()
        limits.keptResults = 1
        try await TestDaemon.with(limits: limits) { daemon in
            let signals = try await daemon.client.signals(
                SignalMatch(interface: StandardNames.objectManager), broadcasts: false)
            let first = try await daemon.inpaint()
            _ = try await first.end()
            _ = try await daemon.inpaint().end()
            var seen: [String] = []
            for await signal in signals {
                let path = signal.body.first?.content(as: BusObjectPath.self)?.rawValue
                seen.append(signal.member + (path == first.path ? " first" : " second"))
                if seen.count == 3 { break }
            }
            #expect(seen == ["InterfacesAdded first", "InterfacesAdded second", "InterfacesRemoved first"])
        }
    }

    @Test func wrongCallsGetTheStandardErrors() async throws {
        try await TestDaemon.with { daemon in
            func error(_ path: String, _ interface: String, _ member: String, _ body: [BusValue] = []) async -> String?
            {
                do {
                    _ = try await daemon.client.call(
                        BusCall(to: RefineNames.bus, path: path, interface: interface, member: member, body))
                    return nil
                } catch {
                    return (error as? BusError)?.name
                }
            }
            let root = RefineNames.root
            #expect(await error(root + "/no", RefineNames.manager, "Inpaint") == BusErrorName.unknownObject)
            #expect(await error(root, "org.example.I", "M") == BusErrorName.unknownInterface)
            #expect(await error(root, RefineNames.manager, "M") == BusErrorName.unknownMethod)
            #expect(await error(root, RefineNames.manager, "Inpaint") == BusErrorName.invalidArguments)
            #expect(
                await error(root, RefineNames.manager, "Inpaint", [.string("/etc/passwd")])
                    == BusErrorName.invalidArguments)
            let properties = StandardNames.properties
            #expect(
                await error(root, properties, "Get", [.string(RefineNames.manager), .string("No")])
                    == BusErrorName.unknownProperty)
            #expect(
                await error(root, properties, "GetAll", [.string("org.example.I")]) == BusErrorName.unknownInterface)
            #expect(
                await error(
                    root, properties, "Set",
                    [.string(RefineNames.manager), .string("Version"), .variant(.string("9"))])
                    == BusErrorName.propertyReadOnly)
            #expect(
                await error(RefineNames.jobs + "/j1", RefineNames.job, "Cancel", [.options([:])])
                    == "org.refinecontrol.Refine1.Error.NotFound")
            #expect(await error(root, StandardNames.peer, "Ping") == nil)
            #expect(await error(root, StandardNames.peer, "GetMachineId") == nil)
        }
    }

    @Test func unknownOptionOfAJobMethodIsRefused() async throws {
        try await TestDaemon.with { daemon in
            let job = try await daemon.inpaint()
            _ = try await job.end()
            let error = await #expect(throws: BusError.self) {
                _ = try await daemon.client.call(
                    BusCall(
                        to: RefineNames.bus, path: job.path, interface: RefineNames.job, member: "GetResult",
                        [.options(["format": .string("png")])]))
            }
            #expect(error?.message.hasPrefix("format.unknown-option: ") == true)
        }
    }

    @Test func unfinishedJobHasNoResult() async throws {
        let gate = StepGate()
        try await TestDaemon.with(gate: gate) { daemon in
            let job = try await daemon.inpaint()
            let error = await #expect(throws: RefineError.self) { _ = try await job.result() }
            #expect(error?.code == .notFound && error?.reason == "not-finished")
        }
    }

    @Test func managerTellsVersionPrivacyAndModel() async throws {
        try await TestDaemon.with { daemon in
            let model = try await eventually("the model") { () -> [String: BusValue]? in
                let model = try await daemon.get("Model")?.options
                return model?["state"] == .string("ready") ? model : nil
            }
            #expect(model["name"] == .string("grey") && model["default-steps"] == .uint32(3))
            let all = try await daemon.manager.properties()
            #expect(Set(all.keys) == Set(RefineInterfaces.manager.properties.map(\.name)))
            for property in RefineInterfaces.manager.properties {
                #expect(all[property.name]?.type.signature == property.type, "\(property.name)")
            }
            #expect(all["Version"] == .string(Daemon.version))
            #expect(all["Privacy"]?.content(as: [String: Bool].self) == ["guard": true, "worker-test": true])
            let landlock = try #require(all["Landlock"]?.options)
            #expect(landlock["abi"] == .uint32(3) && landlock["every-thread"] == .bool(false))
            #expect(landlock["denied"]?.content(as: [String].self) == ["execute", "read-file"])
            #expect(try await daemon.get("Landlock")?.options == landlock)
        }
    }

    @Test func missingModelIsToldAndTheDaemonLives() async throws {
        let missing = RefineError(.noModel, "model", "not-loaded", "/m: no such folder", remedy: "install it")
        try await TestDaemon.with(loader: { throw missing }) { daemon in
            for _ in 0..<2 {
                let error = await #expect(throws: RefineError.self) { _ = try await daemon.inpaint() }
                #expect(error == missing)
            }
            let model = try await daemon.get("Model")?.options
            #expect(model?["state"] == .string("missing") && model?["message"] == .string(missing.message))
            #expect(try await daemon.get("Capabilities") == [String]().busValue)
        }
    }

    @Test func callsWaitForTheModelAndOthersDoNot() async throws {
        let gate = StepGate()
        let loader: EngineRoom.Loader = {
            try gate.pass()
            return TestEngine()
        }
        try await TestDaemon.with(loader: loader) { daemon in
            let job = Task { try await daemon.inpaint().end() }
            try await eventually("the loader") { gate.arrived == 1 }
            #expect(try await daemon.get("Model")?.options?["state"] == .string("loading"))
            #expect(try await daemon.get("QueueLength") == .uint32(0))
            gate.open()
            #expect(try await job.value == "")
        }
    }
}

@Suite struct IntrospectionTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../config/dbus-1/interfaces").standardized

    @Test func installedFilesEqualTheDescription() throws {
        for interface in RefineInterfaces.all {
            let file = Self.folder.appendingPathComponent("\(interface.name).xml")
            if ProcessInfo.processInfo.environment["REWRITE_INTERFACES"] != nil {
                try interface.xmlDocument.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(
                try String(contentsOf: file, encoding: .utf8) == interface.xmlDocument,
                "REWRITE_INTERFACES=1 swift test -c release --filter IntrospectionTests writes the file anew")
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(RefineInterfaces.all.map { "\($0.name).xml" }))
    }

    @Test func liveObjectsShowWhatIsInstalled() async throws {
        try await TestDaemon.with { daemon in
            let job = try await daemon.inpaint()
            let root = try await introspect(RefineNames.root, over: daemon.client)
            #expect(root.contains(RefineInterfaces.manager.xmlElement))
            #expect(root.contains("<node name=\"jobs\"/>"))
            let live = try await introspect(job.path, over: daemon.client)
            #expect(live.contains(RefineInterfaces.job.xmlElement))
            let folder = try await introspect(RefineNames.jobs, over: daemon.client)
            #expect(folder.contains("<node name=\"\(job.path.dropFirst(RefineNames.jobs.count + 1))\"/>"))
            let stranger = try await daemon.bus.connect()
            #expect(!(try await introspect(RefineNames.jobs, over: stranger)).contains("<node name="))
            _ = try await job.end()
        }
    }

    private func introspect(_ path: String, over client: BusConnection) async throws -> String {
        let reply = try await client.call(
            BusCall(to: RefineNames.bus, path: path, interface: StandardNames.introspectable, member: "Introspect"))
        return try #require(reply.first?.content(as: String.self))
    }

    @Test func everyTypeInTheDescriptionParses() throws {
        for interface in RefineInterfaces.all {
            for method in interface.methods {
                #expect(method.arguments.last?.type == "a{sv}", "\(method.name) must end in options")
                for argument in method.arguments + method.results {
                    #expect(try BusType.parse(argument.type).count == 1)
                    #expect(argument.name == argument.name.lowercased())
                }
            }
        }
    }

    @Test func everyOptionIsDocumented() {
        let text = RefineInterfaces.manager.method("Inpaint")?.summary ?? ""
        for option in InpaintOptions.specification {
            #expect(text.contains("\n\(option.name) \(option.type.signature): "))
        }
    }
}
