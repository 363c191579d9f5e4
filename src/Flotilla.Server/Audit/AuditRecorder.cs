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

    /// <summary>Null: the request is not recorded.</summary>
    public async ValueTask<AuditEvent?> BeginAsync(HttpContext context, Caller caller, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        if (policy?.Decide(caller.Impersonator ?? caller.User, wanted) is not { } decision)
        {
            return null;
        }

        var audit = new AuditEvent(decision, line => log!.WriteAsync(line, CancellationToken.None), time, context, caller, wanted);
        context.Features.Set(audit);
        await audit.WriteStageAsync(AuditEvent.RequestReceived);
        return audit;
    }

    public ValueTask DisposeAsync()
    {
        log?.Dispose();
        return ValueTask.CompletedTask;
    }
}
