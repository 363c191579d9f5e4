using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Fairness;

/// <summary>Where requests wait for their turn. What lasts long by its nature does not hold seats.</summary>
public sealed class FlowGate
{
    private const string SchemaHeader = "X-Kubernetes-PF-FlowSchema-UID";
    private const string LevelHeader = "X-Kubernetes-PF-PriorityLevel-UID";

    private readonly FlowControl control;
    private readonly RequestWidth width;

    internal FlowGate(FlowControl control, RequestWidth width) => (this.control, this.width) = (control, width);

    /// <summary>Null: too many requests of this kind. Otherwise the pass is to be disposed of in the end.</summary>
    public async ValueTask<FlowPass?> EnterAsync(HttpContext context, RequestUser user, AccessAttributes wanted, CancellationToken cancellationToken)
    {
        if (wanted.Subresource is "exec" or "attach" or "portforward" or "proxy" or "log" || control.Classify(user, wanted) is not { } found)
        {
            return new FlowPass(null, 0, wanted.Verb == "watch");
        }

        context.Response.Headers[SchemaHeader] = found.Schema.Uid;
        context.Response.Headers[LevelHeader] = found.Level.Model.Uid;
        if (found.Level.Model.IsExempt)
        {
            return new FlowPass(null, 0, wanted.Verb == "watch");
        }

        var seats = await width.OfAsync(wanted, context.Request.Query["limit"], cancellationToken);
        var rejection = await control.EnterAsync(found.Schema, found.Level, user, wanted, seats, cancellationToken);
        return rejection == Rejection.None ? new FlowPass(found.Level, seats, wanted.Verb == "watch") : null;
    }
}

/// <summary>The seats of one request.</summary>
public sealed class FlowPass : IDisposable
{
    private readonly int seats;
    private PriorityLevel? level;

    internal FlowPass(PriorityLevel? level, int seats, bool isWatch) => (this.level, this.seats, IsWatch) = (level, seats, isWatch);

    public bool IsWatch { get; }

    /// <summary>The request is let in. A watch gives its seats back at once: it lasts, whoever serves it, and costs little.</summary>
    public void Begin()
    {
        if (IsWatch)
        {
            Dispose();
        }
    }

    public void Dispose() => Interlocked.Exchange(ref level, null)?.Leave(seats);
}
