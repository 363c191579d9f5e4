using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>What the two controllers of a service's endpoints share: a service is due when it or a pod behind it changes.</summary>
internal abstract class ServiceController : Controller
{
    private readonly TimeSpan delay;

    /// <param name="delay">Changes within this time are written together.</param>
    protected ServiceController(ControllerContext context, string name, int workers, TimeSpan delay)
        : base(context, name, workers)
    {
        this.delay = delay;
        Pace = new Pace(context.Time);
        Services = Watch<V1Service>();
        Services.Subscribe(change => Queue.AddAfter(change.Latest.Key(), delay));
        Pods = Watch<V1Pod>();
        Pods.Subscribe(PodChanged);
    }

    protected Informer<V1Service> Services { get; }

    /// <summary>Of looks at services with many pods.</summary>
    protected Pace Pace { get; }

    protected Informer<V1Pod> Pods { get; }

    protected List<V1Pod> PodsOf(V1Service service) =>
        [.. Pods.List(service.Metadata.NamespaceProperty).Where(pod => ServicePods.Selects(service, pod))];

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        if (change is { Old: { } old, New: { } now } && !ServicePods.IsRelevant(old, now))
        {
            return;
        }

        foreach (var service in Services.List(change.Latest.Metadata.NamespaceProperty))
        {
            if ((change.Old is { } before && ServicePods.Selects(service, before)) || (change.New is { } after && ServicePods.Selects(service, after)))
            {
                Queue.AddAfter(service.Key(), delay + Pace.Of(service.Key()));
            }
        }
    }
}
