import BusTransport
import RefineBus

extension Examination {
    /// What tells refined whether the machine is idle; nil where this refined does not tune by itself.
    func idle(_ bus: BusConnection) async -> Check? {
        let call = BusCall(
            to: RefineNames.bus, path: RefineNames.root, interface: StandardNames.properties, member: "Get",
            [.string("\(RefineNames.bus).Personalization"), .string("Conditions")], autoStart: false)
        guard let reply = try? await bus.call(call), case .variant(.array(_, let items))? = reply.first,
            let condition = items.compactMap(\.options).first(where: { $0["code"]?.content() == "idle" })
        else { return nil }
        let source: String = condition["source"]?.content() ?? ""
        guard condition["verdict"]?.content() != "unknown", !source.isEmpty else {
            return Check(
                part: "idle", verdict: .warning,
                finding: "nothing tells whether the machine is idle, so refined does not tune by itself",
                remedy: "run it in a desktop session, or tune by hand: refinectl tune start")
        }
        let isExact = condition["exact"]?.content() ?? true
        return Check(
            part: "idle", verdict: .ok, finding: "told by \(source)" + (isExact ? "" : ", not to the second"),
            remedy: "why it tunes or does not: refinectl why")
    }
}
