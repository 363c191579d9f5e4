using Flotilla.Node.Linux;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Node.PodResources;

/// <summary>Where the node answers which pod has what: <c>kubelet.sock</c> in a directory of its own.</summary>
internal sealed class PodResourcesHost(string socket, PodResourcesSource source) : IHostedService, IAsyncDisposable
{
    private WebApplication? application;

    public async Task StartAsync(CancellationToken cancellationToken) =>
        application = await UnixServer.StartAsync<PodResourcesService, PodResourcesSource>(socket, source, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => application?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => application?.DisposeAsync() ?? ValueTask.CompletedTask;
}
