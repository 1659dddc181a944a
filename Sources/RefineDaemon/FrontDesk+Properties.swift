import BusTransport
import RefineBus

extension FrontDesk {
    /// `org.freedesktop.DBus.Properties`.
    func properties(_ call: IncomingCall, _ member: String, _ object: Object) async throws {
        guard let name: String = call.message.body.first?.content() else {
            throw BusError(remote: BusErrorName.invalidArguments, "the interface is missing")
        }
        guard let interface = interfaces(of: object).first(where: { $0.name == name }) else {
            throw BusError(remote: BusErrorName.unknownInterface, "the object has no such interface")
        }
        if member == "GetAll" {
            var values: [String: BusValue] = [:]
            // Programs read all properties to learn one of them, so nothing is started for that.
            let report = name == RefineNames.manager ? await guards.recent() : nil
            for property in interface.properties {
                values[property.name] = try await value(property.name, of: object, interface, report)
            }
            return call.reply([.options(values)])
        }
        guard call.message.body.count > 1, let key: String = call.message.body[1].content(),
            let property = interface.property(key)
        else { throw BusError(remote: BusErrorName.unknownProperty, "the interface has no such property") }
        guard member == "Get" else {
            throw BusError(remote: BusErrorName.propertyReadOnly, "the property \(property.name) is read-only")
        }
        call.reply([.variant(try await value(property.name, of: object, interface))])
    }

    private func value(
        _ property: String, of object: Object, _ interface: BusInterface, _ report: PrivacyReport? = nil
    ) async throws -> BusValue {
        let value: BusValue?
        switch object {
        case .root where interface.name == RefineNames.manager: value = await managerValue(property, report)
        case .root: value = await parts.first { $0.interface.name == interface.name }?.property(property)
        case .jobFolder: value = nil
        case .job(let path): value = await service.properties(of: path)?.busValues[property]
        }
        guard let value else {
            throw BusError(remote: BusErrorName.unknownProperty, "the property is gone with its object")
        }
        return value
    }

    private func managerValue(_ property: String, _ report: PrivacyReport?) async -> BusValue? {
        switch property {
        case "Version": version.busValue
        case "Capabilities": capabilities(await service.model).busValue
        case "Privacy": await known(report).guards.busValue
        case "Landlock": await known(report).landlockValue
        case "QueueLength": UInt32(await service.queueLength).busValue
        case "Model": await service.model.busValue
        default: nil
        }
    }

    private func known(_ report: PrivacyReport?) async -> PrivacyReport {
        if let report { return report }
        return await guards.report()
    }

    private func capabilities(_ model: ModelStatus) -> [String] {
        guard case .ready(let info) = model else { return [] }
        return [
            "inpaint", "pixels", "box", "polygon", "invert", "fit_mask", "compare", "preview", "detail", "variants",
        ] + (info.hasTextEncoder ? ["prompt"] : [])
    }

    /// `a{oa{sa{sv}}}`: the jobs of the caller.
    func managedObjects(_ caller: String) async -> BusValue {
        let objects = await service.jobs(of: caller).map { job in
            BusValue.Entry(.objectPath(BusObjectPath(job.path)), Self.interfaces(job.properties))
        }
        return .dictionary(key: .objectPath, value: Self.interfacesType, objects)
    }

    private static let interfacesType: BusType = .dictionary(key: .string, value: .options)

    /// `a{sa{sv}}`: the interfaces of a job and their properties.
    static func interfaces(_ properties: JobProperties) -> BusValue {
        .dictionary(
            key: .string, value: .options, [.init(.string(RefineNames.job), .options(properties.busValues))])
    }

    /// `Introspect`: jobs are shown to their owner only.
    func introspection(_ object: Object, _ caller: String) async -> String {
        var children: [String] = []
        switch object {
        case .root: children = ["jobs"]
        case .jobFolder:
            children = await service.jobs(of: caller).map { String($0.path.dropFirst(RefineNames.jobs.count + 1)) }
        case .job: break
        }
        return BusInterface.introspection(interfaces: interfaces(of: object), children: children)
    }
}
