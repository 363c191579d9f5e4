using Flotilla.Controllers.Autoscaling;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Autoscaling;

public sealed class ReplicaCalculationTests
{
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(3, 50, "500 500 500", 3, 50)] // As wanted.
    [InlineData(3, 30, "300 500 700", 5, 50)]
    [InlineData(3, 50, "530 530 530", 3, 53)] // Within the tolerance.
    [InlineData(5, 50, "100 300 500 250 250", 3, 28)]
    [InlineData(3, 30, "300 700", 3, 50)] // One is missing and taken for idle: two of three would do with 33 %, which is as wanted.
    [InlineData(4, 100, "400 400 200", 2, 33)] // One is missing and taken for busy.
    public void Utilization_compares_with_requests(int current, int target, string use, int expected, int percent)
    {
        var proposal = On(Pods(current), current).ForUtilization(Metrics(use), "cpu", null, target);
        Assert.Equal((expected, percent), (proposal.Replicas, proposal.Utilization));
    }

    [Fact]
    public void Pods_that_are_not_ready_do_not_hasten_growth()
    {
        var pods = Pods(3);
        pods[2].Status.Phase = "Pending";
        Assert.Equal(4, On(pods, 3).ForUtilization(Metrics("500 700"), "cpu", null, 30).Replicas);
        Assert.Equal(3, On(pods, 3).ForUtilization(Metrics("400 500"), "cpu", null, 30).Replicas);
    }

    [Fact]
    public void A_pod_that_just_started_is_not_believed_until_it_was_measured_for_a_whole_window()
    {
        var pods = Pods(2);
        pods[1].Status.StartTime = Now.AddMinutes(-2);
        pods[1].Status.Conditions[0].LastTransitionTime = Now.AddSeconds(-20);
        var groups = PodGroups.For(pods, Metrics("100 900"), "cpu", Now);
        Assert.Equal((1, "web-1"), (groups.Ready, Assert.Single(groups.Unready)));
        Assert.Equal(2, PodGroups.For(pods, Metrics("100 900"), "memory", Now).Ready);
    }

    [Fact]
    public void Pods_on_their_way_out_do_not_count()
    {
        var pods = Pods(3);
        pods[0].Metadata.DeletionTimestamp = Now;
        pods[1].Status.Phase = "Failed";
        Assert.Equal(2, On(pods, 3).ForUtilization(Metrics("900 900 700"), "cpu", null, 40).Replicas);
    }

    [Fact]
    public void One_container_may_speak_for_the_pod()
    {
        var pods = Pods(1);
        pods[0].Spec.Containers.Add(new V1Container { Name = "side" });
        Assert.Equal(2, On(pods, 1).ForUtilization(Metrics("800"), "cpu", "main", 40).Replicas);
        var error = Assert.Throws<MetricException>(() => On(pods, 1).ForUtilization(Metrics("800"), "cpu", null, 40));
        Assert.Equal("missing request for cpu in container side of Pod web-0", error.Message);
    }

    [Fact]
    public void Other_metrics_are_averaged_valued_or_shared()
    {
        var calculation = On(Pods(4), 4);
        Assert.Equal(new Proposal(8, 20_000), calculation.ForAverage(Metrics("20000 20000 20000 20000"), null, 10_000));
        Assert.Equal(new Proposal(6, 15_000), calculation.ForValue(15_000, 10_000));
        Assert.Equal(new Proposal(4, 10_500), calculation.ForValue(10_500, 10_000));
        Assert.Equal(new Proposal(7, 17_500), calculation.ForShare(70_000, 10_000, 4));
    }

    [Fact]
    public void Without_pods_or_figures_nothing_is_proposed()
    {
        Assert.Equal(
            "no pods returned by selector while calculating replica count",
            Assert.Throws<MetricException>(() => On([], 1).ForAverage(Metrics("1"), null, 1)).Message);
        Assert.Equal(
            "did not receive metrics for targeted pods (pods might be unready)",
            Assert.Throws<MetricException>(() => On(Pods(2), 2).ForAverage(Metrics(""), null, 1)).Message);
    }

    private static ReplicaCalculation On(IReadOnlyCollection<V1Pod> pods, int current) => new(pods, current, new Tolerance(0.1, 0.1), Now);

    /// <summary>Ready for long; each asks for a whole CPU.</summary>
    private static List<V1Pod> Pods(int count) =>
    [
        .. Enumerable.Range(0, count).Select(number => new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = $"web-{number}" },
            Spec = new V1PodSpec
            {
                Containers =
                [
                    new V1Container
                    {
                        Name = "main",
                        Resources = new V1ResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("1") } },
                    },
                ],
            },
            Status = new V1PodStatus
            {
                Phase = "Running",
                StartTime = Now.AddHours(-1),
                Conditions = [new V1PodCondition { Type = "Ready", Status = "True", LastTransitionTime = Now.AddMinutes(-50) }],
            },
        }),
    ];

    private static Dictionary<string, PodMetric> Metrics(string milli) => milli
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select((value, number) => ($"web-{number}", new PodMetric(int.Parse(value), Now, TimeSpan.FromSeconds(30))))
        .ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal);
}
