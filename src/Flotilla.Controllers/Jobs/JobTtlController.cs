using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>Deletes finished Jobs, with their pods, when they have been kept for as long as they ask.</summary>
internal sealed class JobTtlController : Controller
{
    private readonly Informer<V1Job> jobs;

    public JobTtlController(ControllerContext context)
        : base(context, "ttl-after-finished-controller", workers: 1)
    {
        jobs = WatchAndEnqueue<V1Job>();
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (jobs.Get(key) is not { } job
            || job.IsDeleting()
            || job.Spec.TtlSecondsAfterFinished is not { } seconds
            || JobConditions.FinishedAt(job.Status) is not { } finished)
        {
            return;
        }

        var left = finished.AddSeconds(seconds) - Now;
        if (left > TimeSpan.Zero)
        {
            Queue.AddAfter(key, left);
            return;
        }

        try
        {
            var options = new V1DeleteOptions { PropagationPolicy = "Foreground", Preconditions = new V1Preconditions { Uid = job.Metadata.Uid } };
            await Client.DeleteAsync<V1Job>(key, options, cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // Gone, or another one has its name.
        }
    }
}
