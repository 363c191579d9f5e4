using System.Buffers;
using System.Diagnostics;
using Flotilla.Api;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authorities;
using Flotilla.Server.Authorization;
using Flotilla.Server.Fairness;
using Flotilla.Server.Joining;
using Flotilla.Server.Nodes;
using Flotilla.Server.Objects;
using Flotilla.Server.Proxying;
using Flotilla.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Http;

/// <summary>Between the wire and the handler: bodies in, answers out, and every failure as a <c>Status</c>.</summary>
public sealed partial class HttpAdapter(ApiHandler handler, JoinRequests joins, KeyRequests keys, AuthorityRequests authorities, TunnelRequests tunnels, StreamRequests streams, ForwardedRequests forwarded, Authenticator authenticator, AuditRecorder audit, FlowGate gate, ServerStatus status, RequestMetrics metrics, TimeProvider time, ILogger<HttpAdapter> logger)
{
    public async Task HandleAsync(HttpContext context)
    {
        var (started, panicked) = (time.GetTimestamp(), false);
        var cancellationToken = context.RequestAborted;
        context.Response.Headers["Audit-Id"] = context.Request.Headers["Audit-Id"].ToString() is { Length: > 0 and <= MaxAuditId } given ? given : RandomUuid.Next();
        context.Response.Headers.CacheControl = "no-cache, private";
        try
        {
            await ServeAsync(context, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
            Log.Gone(logger, context.Request.Path);
        }
        catch (TimeoutException) when (context.Response.HasStarted)
        {
            // A watcher that no longer reads: it must not hold what it has not taken.
            Log.Stalled(logger, context.Request.Path);
            context.Abort();
        }
        catch (Exception error)
        {
            await FailAsync(context, error);
            panicked = error is not (ApiException or BadHttpRequestException or StorageException);
        }
        finally
        {
            await (context.Features.Get<AuditEvent>()?.CompleteAsync(context.Response.StatusCode, context.Features.Get<RequestNotes>(), panicked) ?? Task.CompletedTask);
            metrics.Record(context.Request.Method, ResourceOf(context.Request.Path), context.Response.StatusCode, time.GetElapsedTime(started));
        }
    }

    private const int MaxAuditId = 64;
    private const int MaxBodyBytes = 3 * 1024 * 1024;

    private static readonly Dictionary<string, Microsoft.Extensions.Primitives.StringValues> NoQuery = [];
    private static readonly Dictionary<string, string> NoHeaders = [];

    private async Task ServeAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // With a credential of its own kind.
        if (await joins.TryHandleAsync(context))
        {
            return;
        }

        var caller = await authenticator.AuthenticateAsync(context, cancellationToken);
        if (await keys.TryHandleAsync(context, caller) || await authorities.TryHandleAsync(context, caller) || await tunnels.TryHandleAsync(context, caller.User))
        {
            return;
        }

        var query = context.Request.Query;
        var wanted = RequestAttributes.Of(context.Request.Method, context.Request.Path.Value ?? "/", name => query.TryGetValue(name, out var value) ? value.ToString() : null);
        var audited = await audit.BeginAsync(context, caller, wanted);
        using var pass = await gate.EnterAsync(context, caller.User, wanted, cancellationToken);
        if (pass is null)
        {
            await WriteAsync(context, ApiAnswer.Text("Too many requests, please try again later.\n", StatusCodes.Status429TooManyRequests), cancellationToken);
            return;
        }

        pass.Begin();
        if (await streams.TryHandleAsync(context, caller.User) || await forwarded.TryHandleAsync(context, caller.User))
        {
            return;
        }

        using var deadline = RequestDeadline.For(wanted, query["timeout"], time, cancellationToken);
        try
        {
            await AnswerAsync(context, caller, pass, audited, deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsOver && !cancellationToken.IsCancellationRequested)
        {
            throw Failures.Timeout(isWrite: context.Request.Method is not ("GET" or "HEAD"));
        }
    }

    private async Task AnswerAsync(HttpContext context, Caller caller, FlowPass pass, AuditEvent? audited, CancellationToken cancellationToken)
    {
        var request = new ApiRequest
        {
            Method = context.Request.Method,
            Path = context.Request.Path.Value ?? "/",
            Query = context.Request.Query.Count == 0 ? NoQuery : context.Request.Query.ToDictionary(StringComparer.Ordinal),
            ContentType = context.Request.ContentType,
            Accept = context.Request.Headers.Accept.ToString(),
            Body = await ReadBodyAsync(context.Request, cancellationToken),
            User = caller.User,
            UserAgent = context.Request.Headers.UserAgent.ToString(),
        };
        context.Features.Set(request.Notes);
        foreach (var warning in caller.Warnings)
        {
            request.Notes.Warn(warning);
        }

        audited?.SetRequest(request);
        var answer = await handler.HandleAsync(request, cancellationToken);
        audited?.SetResponse(answer);
        if (!pass.IsWatch)
        {
            await WriteAsync(context, answer, cancellationToken);
            return;
        }

        await (audited?.WriteStageAsync(AuditEvent.ResponseStarted) ?? Task.CompletedTask);
        using var draining = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, status.Stopping);
        try
        {
            await WriteAsync(context, answer, draining.Token);
        }
        catch (OperationCanceledException) when (status.Stopping.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The stream ends in order, and the client watches another server or this one's successor.
            await context.Response.CompleteAsync();
        }
    }

    private async Task FailAsync(HttpContext context, Exception error)
    {
        var failure = error switch
        {
            ApiException known => known,
            BadHttpRequestException { StatusCode: 413 } => Failures.TooLarge(),
            BadHttpRequestException bad => Failures.BadRequest(bad.Message),
            StorageException storage => StoreFailures.ToApi(storage),
            _ => Failures.Internal(error.Message),
        };
        context.Features.Get<AuditEvent>()?.SetFailure(failure);
        // What the store lacks it tells itself, once and not for each request.
        if (failure.Code >= 500 && error is not (ApiException or StorageException))
        {
            Log.Failed(logger, context.Request.Method, context.Request.Path, error);
        }

        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, Describe(failure), context.RequestAborted);
    }

    // Two kinds of failure upstream answers in plain text, before it knows what was asked for.
    private static ApiAnswer Describe(ApiException failure) => ApiAnswer.Json(Failures.ToJson(failure.Status), failure.Code);

    private static async Task WriteAsync(HttpContext context, ApiAnswer answer, CancellationToken cancellationToken)
    {
        var response = context.Response;
        WarningHeaders.Write(context, answer.Warnings);
        foreach (var (name, value) in answer.Headers ?? NoHeaders)
        {
            response.Headers[name] = value;
        }

        if (answer.Code == 429)
        {
            response.Headers.RetryAfter = "1";
        }

        await AnswerWriter.WriteAsync(context, answer, cancellationToken);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.Method is "GET" or "HEAD" || request.ContentLength == 0)
        {
            return default;
        }

        var discarded = false;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            if (discarded || read.Buffer.Length > MaxBodyBytes)
            {
                // Read to its end, so that the client hears the answer instead of a broken connection.
                discarded = true;
                request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    throw Failures.TooLarge();
                }

                continue;
            }

            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static string ResourceOf(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var at = parts is ["api", ..] ? 2 : 3;
        if (parts.Length <= at)
        {
            return "";
        }

        return parts[at] == "namespaces" && parts.Length > at + 2 ? parts[at + 2] : parts[at];
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
        public static partial void Failed(ILogger logger, string method, string path, Exception error);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The client of {Path} stopped reading")]
        public static partial void Stalled(ILogger logger, string path);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The client of {Path} went away")]
        public static partial void Gone(ILogger logger, string path);
    }
}
