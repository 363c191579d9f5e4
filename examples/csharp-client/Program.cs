using CSharpClient;
using k8s;

if (args is not [var kubeconfig, var space])
{
    await Console.Error.WriteLineAsync("usage: csharp-client KUBECONFIG NAMESPACE");
    return 2;
}

using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
await Objects.RunAsync(client, space, limit.Token);
await Watching.RunAsync(client, space, limit.Token);
await CustomResources.RunAsync(client, space, limit.Token);
await Leaders.RunAsync(client, space, limit.Token);
await Streams.RunAsync(client, space, limit.Token);
return 0;
