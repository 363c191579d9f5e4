using System.CommandLine;
using System.Net;
using System.Text;
using Flotilla.Bench;
using Flotilla.Bench.Ingress;
using Flotilla.Bench.Services;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using k8s;

var kubeconfig = new Option<string?>("--kubeconfig") { Description = "The cluster to measure (default: KUBECONFIG or ~/.kube/config)" };
var context = new Option<string?>("--context") { Description = "Its context, unless it is the current one" };
var image = new Option<string>("--image") { Description = "An image with a shell that the node already has", DefaultValueFactory = _ => "my-image" };
var count = new Option<int>("--objects") { Description = "ConfigMaps to create", DefaultValueFactory = _ => 5000 };
var http2 = new Option<bool>("--http2") { Description = "HTTP/2 instead of HTTP/1.1" };
var only = new Option<string?>("--only") { Description = "api, pods, cri or definitions" };
var runtime = new Option<string>("--runtime") { Description = "The container runtime's socket, for --only cri", DefaultValueFactory = _ => "/run/flotilla/node/containerd.sock" };
var replicas = new Option<int>("--replicas") { Description = "Of the Deployment, and pods by bare calls beside it", DefaultValueFactory = _ => 20 };
var self = new Option<bool>("--self") { Description = "Measure an API server without a node that this program starts itself, and the ceiling" };
var root = new RootCommand("Measures any Kubernetes cluster and prints one table") { kubeconfig, context, image, count, http2, only, runtime, replicas, self, ServeCommand.Create(), ScaleCommand.Create(), ScheduleCommand.Create(), DecideCommand.Create(), IngressCommand.Create(), ServeIngressCommand.Create(), ServicesCommand.Create() };
root.SetAction(async (result, cancellationToken) =>
{
    if (result.GetValue(self))
    {
        await SelfBench.RunAsync(result.GetValue(count), result.GetValue(http2) ? HttpVersion.Version20 : HttpVersion.Version11, result.GetValue(only));
        return;
    }

    var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(result.GetValue(kubeconfig) ?? Environment.GetEnvironmentVariable("KUBECONFIG"), result.GetValue(context));
    using var api = new ApiClient(config, result.GetValue(http2) ? HttpVersion.Version20 : HttpVersion.Version11);
    var ns = $"bench-{Environment.ProcessId}";
    await api.PostAsync("/api/v1/namespaces", Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{ns}}}"}}"""));
    try
    {
        Console.WriteLine("| What | Figure |\n|---|---|");
        var what = result.GetValue(only);
        if (what is null or "api")
        {
            await Figure.PrintAsync(new ObjectBench(api, ns, result.GetValue(count)).RunAsync());
        }

        if (what is null or "pods")
        {
            await Figure.PrintAsync(new PodBench(api, ns, result.GetValue(image)!, result.GetValue(replicas)).RunAsync());
        }

        // Not by default: it asks for a node on this machine, the rest for an API alone.
        if (what is "cri")
        {
            var pods = new PodBench(api, ns, result.GetValue(image)!, result.GetValue(replicas));
            await Figure.PrintAsync(new CriBench(pods, CriClient.SocketPath(result.GetValue(runtime)!), result.GetValue(image)!).RunAsync());
        }
    }
    finally
    {
        await api.DeleteAsync($"/api/v1/namespaces/{ns}");
    }
});
return await root.Parse(args).InvokeAsync();
