using System.Text;
using k8s;

namespace Flotilla.Bench;

/// <summary>An API server without a node, in a process of its own, beside what its listener could do at best.</summary>
internal static class SelfBench
{
    private const string Namespace = "bench";
    private const string WarmUp = "warm-up";
    private const int WarmUpObjects = 2000;

    public static async Task RunAsync(int count, Version http, string? only)
    {
        Console.WriteLine("| What | Figure |\n|---|---|");
        if (only == "definitions")
        {
            await MeasureDefinitionsAsync(http);
            return;
        }

        await MeasureApiAsync(count, http);
        await MeasureCeilingAsync(count, http);
    }

    private static async Task MeasureDefinitionsAsync(Version http)
    {
        await using var served = await ServedApi.StartAsync("api");
        using var api = Client(served, http);
        Clients.ServerTime = () => served.ProcessorTime;
        await Figure.PrintAsync(new DefinitionBench(api).RunAsync());
    }

    private static async Task MeasureApiAsync(int count, Version http)
    {
        await using var served = await ServedApi.StartAsync("api");
        using var api = Client(served, http);
        Clients.ServerTime = () => served.ProcessorTime;
        foreach (var name in (string[])[Namespace, WarmUp])
        {
            await api.PostAsync("/api/v1/namespaces", Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{name}}}"}}"""));
        }

        // A server that has run for a while: code compiled, connections open.
        await foreach (var _ in new ObjectBench(api, WarmUp, WarmUpObjects).RunAsync())
        {
        }

        await Figure.PrintAsync(new ObjectBench(api, Namespace, count).RunAsync());
        Console.WriteLine(new Figure("Resident memory afterwards", served.ResidentBytes / 1e6, "MB"));
    }

    // Last, so that the clients are as warm as they were before.
    private static async Task MeasureCeilingAsync(int count, Version http)
    {
        await using var ceiling = await ServedApi.StartAsync("ceiling");
        using var api = Client(ceiling, http);
        Clients.ServerTime = () => ceiling.ProcessorTime;
        await foreach (var figure in new ObjectBench(api, Namespace, count).ReadAsync())
        {
            Console.WriteLine(figure with { What = figure.What + ": prepared bytes" });
        }
    }

    private static ApiClient Client(ServedApi api, Version http) => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(api.Kubeconfig), http);
}
