using Flotilla.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Server.Proxying;

/// <summary>Where a request goes on to.</summary>
/// <param name="Prefix">Scheme and authority, e.g. <c>http://10.244.0.5:8080</c>.</param>
/// <param name="Path">Path at the destination.</param>
/// <param name="Client">Its connections.</param>
internal sealed record ForwardTarget(string Prefix, PathString Path, HttpMessageInvoker Client)
{
    /// <summary>The path before <see cref="Path"/> as the client wrote it; redirects lead back there.</summary>
    public string? Mount { get; init; }

    /// <summary>Told to the destination about the caller.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}

/// <summary>Passes requests on, upgrades and streams included, and their answers back. May be used from any thread.</summary>
internal sealed class Forwarder : IAsyncDisposable
{
    // A watch or an attached stream may be silent for long.
    private static readonly ForwarderRequestConfig Settings = new() { ActivityTimeout = TimeSpan.FromHours(4) };

    // It would log every request; what goes wrong is answered instead.
    private readonly ServiceProvider services = new ServiceCollection().AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance).AddLogging().AddHttpForwarder().BuildServiceProvider();

    /// <exception cref="Api.ApiException">503: the destination could not be reached.</exception>
    public async Task SendAsync(HttpContext context, ForwardTarget target)
    {
        var error = await services.GetRequiredService<IHttpForwarder>().SendAsync(context, target.Prefix, target.Client, Settings, new ForwardTransformer(target), context.RequestAborted);
        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var cause = context.Features.Get<IForwarderErrorFeature>()?.Exception;
        context.Response.Clear();
        throw Failures.Unavailable($"error trying to reach service: {Admission.Webhooks.GoNetworkErrors.Explain(new Uri(target.Prefix).Authority, cause ?? new HttpRequestException(error.ToString()))}");
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();
}
