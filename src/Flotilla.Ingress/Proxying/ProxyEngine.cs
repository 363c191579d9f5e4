using System.Net.Sockets;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Observing;
using Flotilla.Ingress.Passwords;
using Flotilla.Ingress.Policies;
using Flotilla.Ingress.Routing;
using Flotilla.Ingress.Secrets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Flotilla.Ingress.Proxying;

/// <summary>
/// Answers requests: finds the route, runs its steps, picks a destination and lets YARP forward. What must outlive a
/// table (connections, counts, known passwords) is kept here.
/// </summary>
internal sealed partial class ProxyEngine : IDisposable
{
    private readonly ServiceProvider forwarding;
    private readonly IHttpForwarder forwarder;
    private readonly HttpClients clients;
    private readonly IngressMetrics metrics;
    private readonly AccessLog? accessLog;
    private readonly ILogger logger;

    public ProxyEngine(ISecrets secrets, IngressMetrics metrics, AccessLog? accessLog, TimeProvider time, ILogger logger)
    {
        this.metrics = metrics;
        this.accessLog = accessLog;
        this.logger = logger;
        Time = time;
        clients = new HttpClients(secrets, time);
        Passwords = new PasswordFiles(secrets);
        Rates = new RequestRates(time);
        Mirrors = new MirrorQueue(clients);
        Passthrough = new Passthrough(time, logger);

        // Without providers: YARP would tell of every request, and failures are told here.
        forwarding = new ServiceCollection().AddLogging().AddHttpForwarder().BuildServiceProvider();
        forwarder = forwarding.GetRequiredService<IHttpForwarder>();
    }

    public TimeProvider Time { get; }

    public PasswordFiles Passwords { get; }

    public RequestRates Rates { get; }

    public ConnectionCounts Connections { get; } = new();

    public MirrorQueue Mirrors { get; }

    /// <summary>For connections whose TLS is somebody else's.</summary>
    public Passthrough Passthrough { get; }

    /// <summary>To ask somebody about a request, a Service of the cluster or another.</summary>
    public HttpMessageInvoker Ask(BackendKey? service) => service is null ? clients.Outside(Route.DefaultConnectTimeout) : clients.For(service, Route.DefaultConnectTimeout);

    public void Dispose()
    {
        Mirrors.Dispose();
        clients.Dispose();
        forwarding.Dispose();
    }

    public async Task HandleAsync(HttpContext context, PortTable table)
    {
        var started = Time.GetTimestamp();
        Route? route = null;
        Exchange? exchange = null;
        try
        {
            route = table.Find(context);
            if (route is null)
            {
                await ErrorAnswers.WriteAsync(context, StatusCodes.Status404NotFound);
                return;
            }

            exchange = new Exchange(context, this, route, Exchange.IdFor(context));
            await ServeAsync(exchange);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
        }
        catch (BadHttpRequestException refused)
        {
            await ErrorAnswers.WriteAsync(context, refused.StatusCode);
        }
        catch (Exception failure)
        {
            Log.Failed(logger, failure, context.Request.Path);
            await ErrorAnswers.WriteAsync(context, StatusCodes.Status500InternalServerError);
        }
        finally
        {
            exchange?.Finish();
            var took = Time.GetElapsedTime(started);
            metrics.Record(route?.Name, context.Response.StatusCode, took);
            accessLog?.Write(context, exchange, took);
        }
    }

    private async Task ServeAsync(Exchange exchange)
    {
        var (context, route) = (exchange.Context, exchange.Route);
        foreach (var step in route.Steps)
        {
            if (await step.RunAsync(exchange))
            {
                return;
            }
        }

        LimitBody(context, route.MaxBodyBytes);
        exchange.Backend = Choose(exchange);
        if (exchange.Backend?.Backend is null)
        {
            await exchange.AnswerAsync(route.CodeWithoutBackend);
            return;
        }

        if (route.Timeout is { } limit)
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            timeout.CancelAfter(limit);
            await ForwardAsync(exchange, timeout.Token);
        }
        else
        {
            await ForwardAsync(exchange, context.RequestAborted);
        }
    }

    private static void LimitBody(HttpContext context, long? most)
    {
        if (most is null)
        {
            return;
        }

        if (context.Request.ContentLength > most)
        {
            throw new BadHttpRequestException("too long", StatusCodes.Status413PayloadTooLarge);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = most;
        }
    }

    private static WeightedBackend? Choose(Exchange exchange)
    {
        var route = exchange.Route;
        foreach (var canary in route.Canaries)
        {
            if (canary.Wants(exchange.Context.Request, Random.Shared.Next))
            {
                return new WeightedBackend(canary.Backend);
            }
        }

        return WeightedChoice.For(route.Backends, Random.Shared.Next);
    }

    private async Task ForwardAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        var (context, route, backend) = (exchange.Context, exchange.Route, exchange.Backend!.Backend!);
        var client = clients.For(backend.Key, route.ConnectTimeout);
        var forwarding = backend.Key.IsHttp2 && route.Forwarding.Version != System.Net.HttpVersion.Version20
            ? route.Forwarding with { Version = System.Net.HttpVersion.Version20 }
            : route.Forwarding;
        List<Destination>? tried = null;
        for (var attempt = 1; ; attempt++)
        {
            var destination = (attempt == 1 ? route.Affinity?.Find(context, backend) : null) ?? backend.Pick(tried ?? [], Time.GetTimestamp());
            if (destination is null)
            {
                await exchange.AnswerAsync(tried is null ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status502BadGateway);
                return;
            }

            exchange.Destination = destination;
            var error = await forwarder.SendAsync(context, destination.Prefix, client, forwarding, exchange, cancellationToken);
            if (error == ForwarderError.None)
            {
                return;
            }

            var failure = context.Features.Get<IForwarderErrorFeature>()?.Exception;
            var unreachable = IsUnreachable(failure);
            if (clients.FellSilent(destination.Endpoint) || unreachable)
            {
                destination.Failed(Time.GetTimestamp(), Time.TimestampFrequency);
            }

            if (attempt >= route.Tries || context.Response.HasStarted || cancellationToken.IsCancellationRequested
                || error != ForwarderError.Request || !(unreachable || IsRepeatable(context.Request)))
            {
                Log.NotForwarded(logger, backend.Key, destination.Endpoint, error, failure?.Message ?? "");
                await FailAsync(exchange, error, failure, cancellationToken);
                return;
            }

            (tried ??= []).Add(destination);
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
        }
    }

    private static Task FailAsync(Exchange exchange, ForwarderError error, Exception? failure, CancellationToken cancellationToken)
    {
        var context = exchange.Context;
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }

        var code = Find<BadHttpRequestException>(failure) is { } refused ? refused.StatusCode
            : error is ForwarderError.RequestTimedOut || cancellationToken.IsCancellationRequested ? StatusCodes.Status504GatewayTimeout
            : context.Response.StatusCode >= StatusCodes.Status400BadRequest ? context.Response.StatusCode
            : StatusCodes.Status502BadGateway;
        return ErrorAnswers.WriteAsync(context, code);
    }

    /// <summary>Nothing was sent yet.</summary>
    private static bool IsUnreachable(Exception? failure) =>
        failure is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
        || (failure is HttpRequestException && Find<SocketException>(failure) is { SocketErrorCode: SocketError.ConnectionRefused or SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable });

    /// <summary>Nothing is lost by sending it to another pod.</summary>
    private static bool IsRepeatable(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        && request.ContentLength is null or 0 && !request.Headers.ContainsKey("Transfer-Encoding") && !request.Headers.ContainsKey("Upgrade");

    private static T? Find<T>(Exception? failure)
        where T : Exception
    {
        while (failure is not null and not T)
        {
            failure = failure.InnerException;
        }

        return failure as T;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Backend}: {Endpoint} did not answer: {Error} {Reason}")]
        public static partial void NotForwarded(ILogger logger, BackendKey backend, string endpoint, ForwarderError error, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The request for {Path} failed")]
        public static partial void Failed(ILogger logger, Exception failure, string path);
    }
}
