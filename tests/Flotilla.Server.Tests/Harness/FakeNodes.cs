namespace Flotilla.Server.Tests.Harness;

/// <summary>Nodes without anything behind them, for pods that must be somewhere.</summary>
internal static class FakeNodes
{
    private static int count;

    /// <summary>Makes a node that reports ready and cordons itself, so that nothing is placed on it unasked.</summary>
    public static async Task<string> FakeNodeAsync(this ApiHost host)
    {
        var name = $"fake-{Interlocked.Increment(ref count)}";
        var body = $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}]}}""";
        (await host.Admin.PostAsync("/api/v1/nodes", body)).Expect(201);
        return name;
    }
}
