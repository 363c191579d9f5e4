using System.Text;
using k8s;

namespace Flotilla.Bench;

/// <summary>An API server without a node, in a process of its own, beside what its listener could do at best.</summary>
internal static class SelfBench
{
    private const string Namespace = "bench";

    public static async Task RunAsync(int count, Version http)
    {
        Console.WriteLine("| What | Figure |\n|---|---|");
        await using (var ceiling = await ServedApi.StartAsync("ceiling"))
        {
            using var api = Client(ceiling, http);
            Clients.ServerTime = () => ceiling.ProcessorTime;
            await foreach (var figure in new ObjectBench(api, Namespace, count).ReadAsync())
            {
                Console.WriteLine(figure with { What = figure.What + ": prepared bytes" });
            }
        }

        await using var served = await ServedApi.StartAsync("api");
        using var measured = Client(served, http);
        Clients.ServerTime = () => served.ProcessorTime;
        await measured.PostAsync("/api/v1/namespaces", Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{Namespace}}}"}}"""));
        await Figure.PrintAsync(new ObjectBench(measured, Namespace, count).RunAsync());
        Console.WriteLine(new Figure("Resident memory afterwards", served.ResidentBytes / 1e6, "MB"));
    }

    private static ApiClient Client(ServedApi api, Version http) => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(api.Kubeconfig), http);
}
