using Flotilla.Server.Authentication;
using Flotilla.Server.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Audit;

/// <summary>Records requests as the policy says. Without one it does nothing.</summary>
public sealed class AuditRecorder : IAsyncDisposable
{
    private readonly AuditPolicy? policy;
    private readonly AuditLog? log;
    private readonly TimeProvider time;

    /// <exception cref="InvalidDataException">The policy is invalid.</exception>
    public AuditRecorder(AuditOptions? options, TimeProvider time, ILoggerFactory loggers)
    {
        this.time = time;
        if (options is not null)
        {
            policy = AuditPolicy.Parse(File.ReadAllBytes(options.PolicyFile));
            log = new AuditLog(options, time, loggers.CreateLogger<AuditLog>());
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => log?.StartAsync(cancellationToken) ?? Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => log?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>False: nobody wants to know.</summary>
    public bool IsOn => policy is not null;

    /// <summary>Null: the request is not recorded.</summary>
    public async ValueTask<AuditEvent?> BeginAsync(HttpContext context, Caller caller, AccessAttributes wanted)
    {
        if (policy is null)
        {
            return null;
        }

        var request = context.Request;
        var source = new AuditSource(context.Response.Headers["Audit-Id"].ToString(), $"{request.Path}{request.QueryString}", context.Connection.RemoteIpAddress?.ToString() ?? "", request.Headers.UserAgent.ToString());
        var audit = await BeginAsync(source, caller, wanted);
        context.Features.Set(audit);
        return audit;
    }

    /// <summary>As above, for a request from inside of this process.</summary>
    internal async ValueTask<AuditEvent?> BeginAsync(AuditSource source, Caller caller, AccessAttributes wanted)
    {
        if (policy?.Decide(caller.Impersonator ?? caller.User, wanted) is not { } decision)
        {
            return null;
        }

        var audit = new AuditEvent(decision, line => log!.WriteAsync(line, CancellationToken.None), time, source, caller, wanted);
        await audit.WriteStageAsync(AuditEvent.RequestReceived);
        return audit;
    }

    public ValueTask DisposeAsync()
    {
        log?.Dispose();
        return ValueTask.CompletedTask;
    }
}
