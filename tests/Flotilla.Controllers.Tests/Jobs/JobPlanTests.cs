using Flotilla.Controllers.Jobs;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Jobs;

public sealed class JobPlanTests
{
    private static readonly DateTime Now = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("FailJob", 42, "FailureTarget PodFailurePolicy Container main for pod default/work-0 failed with exit code 42 matching FailJob rule at index 0", 1)]
    [InlineData("FailJob", 1, null, 1)]
    [InlineData("Ignore", 42, null, 0)]
    [InlineData("Count", 42, null, 1)]
    public void Exit_codes_decide_what_a_failure_means(string action, int code, string? condition, int counted)
    {
        var job = Job(spec => spec.PodFailurePolicy = Policy(new V1PodFailurePolicyRule
        {
            Action = action,
            OnExitCodes = new V1PodFailurePolicyOnExitCodesRequirement { ContainerName = "main", OperatorProperty = "In", Values = [42] },
        }));
        var plan = JobPlan.For(job, [Pod(0, "Failed", code)], Now);
        Assert.Equal(condition, Condition(plan));
        Assert.Equal(counted, plan.Status.UncountedTerminatedPods.Failed?.Count ?? 0);
        Assert.Single(plan.Release);
    }

    [Fact]
    public void A_disrupted_pod_may_be_ignored()
    {
        var job = Job(spec =>
        {
            spec.BackoffLimit = 0;
            spec.PodFailurePolicy = Policy(new V1PodFailurePolicyRule
            {
                Action = "Ignore",
                OnPodConditions = [new V1PodFailurePolicyOnPodConditionsPattern { Type = "DisruptionTarget", Status = "True" }],
            });
        });
        var pod = Pod(0, "Failed", 143);
        Assert.Equal("BackoffLimitExceeded", JobPlan.For(job, [pod], Now).Status.Conditions[0].Reason);
        pod.Status.Conditions = [new V1PodCondition { Type = "DisruptionTarget", Status = "True" }];
        Assert.Null(JobPlan.For(job, [pod], Now).Status.Conditions);
    }

    [Theory]
    [InlineData("0-2", null, "0 1", null)]
    [InlineData("0-2", null, "0 1 2", "SuccessCriteriaMet SuccessPolicy Matched rules at index 0")]
    [InlineData("0-2", 1, "2", "SuccessCriteriaMet SuccessPolicy Matched rules at index 0")]
    [InlineData(null, 2, "1 3", "SuccessCriteriaMet SuccessPolicy Matched rules at index 0")]
    [InlineData(null, 2, "1", null)]
    public void A_success_policy_may_be_content_with_some_indexes(string? indexes, int? count, string succeeded, string? condition)
    {
        var job = Job(spec =>
        {
            Indexed(spec, 5);
            spec.SuccessPolicy = new V1SuccessPolicy { Rules = [new V1SuccessPolicyRule { SucceededIndexes = indexes, SucceededCount = count }] };
        });
        var pods = succeeded.Split(' ').Select(int.Parse).Select(index => Pod(index, "Succeeded")).Append(Pod(4, "Running")).ToList();
        var plan = JobPlan.For(job, pods, Now);
        Assert.Equal(condition, Condition(plan));
        Assert.Equal(condition is null ? 0 : 1, plan.Delete.Count);
        Assert.Equal(condition is null ? pods.Count - 1 : pods.Count, plan.Release.Count);
    }

    [Fact]
    public void Too_many_failed_indexes_end_the_job()
    {
        var job = Job(spec =>
        {
            Indexed(spec, 5);
            spec.BackoffLimitPerIndex = 0;
            spec.MaxFailedIndexes = 1;
        });
        Assert.Null(Condition(JobPlan.For(job, [Pod(0, "Failed")], Now)));
        var plan = JobPlan.For(job, [Pod(0, "Failed"), Pod(1, "Failed"), Pod(2, "Running")], Now);
        Assert.Equal("FailureTarget MaxFailedIndexesExceeded Job has exceeded the specified maximal number of failed indexes", Condition(plan));
        Assert.Equal(("0,1", 3), (plan.Status.FailedIndexes, plan.Status.UncountedTerminatedPods.Failed.Count));
    }

    [Fact]
    public void A_rule_may_give_an_index_up_at_once()
    {
        var job = Job(spec =>
        {
            Indexed(spec, 2);
            spec.BackoffLimitPerIndex = 5;
            spec.PodFailurePolicy = Policy(new V1PodFailurePolicyRule
            {
                Action = "FailIndex",
                OnExitCodes = new V1PodFailurePolicyOnExitCodesRequirement { OperatorProperty = "NotIn", Values = [1] },
            });
        });
        Assert.Equal("", JobPlan.For(job, [Pod(0, "Failed", 1)], Now).Status.FailedIndexes);
        Assert.Equal("0", JobPlan.For(job, [Pod(0, "Failed", 7)], Now).Status.FailedIndexes);
    }

    [Fact]
    public void A_failed_index_waits_before_its_next_try_and_its_pod_is_held_until_then()
    {
        var job = Job(spec =>
        {
            Indexed(spec, 1);
            spec.BackoffLimitPerIndex = 5;
        });
        var failed = Pod(0, "Failed", 1);
        var early = JobPlan.For(job, [failed], Now.AddSeconds(3));
        Assert.Equal((0, 0, TimeSpan.FromSeconds(7)), (early.Create.Count, early.Release.Count, early.LookAgain));
        var late = JobPlan.For(job, [failed], Now.AddSeconds(10));
        Assert.Equal(new NewPod(0, failed), Assert.Single(late.Create));
        Assert.Empty(late.Release);
        Assert.Equal(failed, Assert.Single(JobPlan.For(job, [failed, Pod(0, "Running", uid: "next")], Now.AddSeconds(11)).Release));
    }

    [Theory]
    [InlineData("TerminatingOrFailed", 1, 1)]
    [InlineData("Failed", 0, 0)]
    public void A_pod_on_its_way_out_is_replaced_at_once_or_when_it_has_ended(string policy, int created, int counted)
    {
        var leaving = Pod(0, "Running");
        leaving.Metadata.DeletionTimestamp = Now.AddMinutes(-1);
        var plan = JobPlan.For(Job(spec => spec.PodReplacementPolicy = policy), [leaving], Now);
        Assert.Equal((created, 1, counted), (plan.Create.Count, plan.Status.Terminating, plan.Status.UncountedTerminatedPods.Failed?.Count ?? 0));
    }

    [Fact]
    public void Of_two_pods_with_one_index_one_goes_and_counts_for_nothing()
    {
        var job = Job(spec => Indexed(spec, 2));
        var plan = JobPlan.For(job, [Pod(0, "Running"), Pod(0, "Pending", uid: "twin"), Pod(7, "Running")], Now);
        Assert.Equal(["twin", "uid-7"], plan.Dismiss.Select(pod => pod.Metadata.Uid).Order());
        Assert.Empty(plan.Create);
    }

    [Fact]
    public void An_ended_job_waits_for_pods_on_their_way_out()
    {
        var job = Job(_ => { });
        job.Status = new V1JobStatus { Conditions = [JobConditions.New(JobConditions.FailureTarget, "DeadlineExceeded", "", Now)] };
        var leaving = Pod(0, "Running");
        leaving.Metadata.DeletionTimestamp = Now;
        leaving.Metadata.Finalizers = null;
        Assert.False(JobConditions.IsFinished(JobPlan.For(job, [leaving], Now).Status));
        Assert.True(JobConditions.IsFinished(JobPlan.For(job, [], Now).Status));
    }

    private static string? Condition(JobPlan plan) =>
        plan.Status.Conditions is [var condition, ..] ? $"{condition.Type} {condition.Reason} {condition.Message}" : null;

    private static V1PodFailurePolicy Policy(V1PodFailurePolicyRule rule) => new() { Rules = [rule] };

    private static void Indexed(V1JobSpec spec, int completions)
    {
        spec.CompletionMode = "Indexed";
        spec.Completions = spec.Parallelism = completions;
        spec.BackoffLimit = int.MaxValue;
    }

    private static V1Job Job(Action<V1JobSpec> configure)
    {
        var spec = new V1JobSpec { Completions = 1, Parallelism = 1, BackoffLimit = 6, Template = new V1PodTemplateSpec { Spec = new V1PodSpec { RestartPolicy = "Never" } } };
        configure(spec);
        return new V1Job { Metadata = new V1ObjectMeta { Name = "work", NamespaceProperty = "default" }, Spec = spec };
    }

    private static V1Pod Pod(int index, string phase, int code = 1, string? uid = null) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"work-{index}",
            NamespaceProperty = "default",
            Uid = uid ?? $"uid-{index}",
            CreationTimestamp = Now,
            Annotations = new Dictionary<string, string> { [JobPods.IndexKey] = $"{index}" },
            Finalizers = [JobPods.TrackingFinalizer],
        },
        Spec = new V1PodSpec(),
        Status = new V1PodStatus
        {
            Phase = phase,
            ContainerStatuses = phase == "Failed"
                ? [new V1ContainerStatus { Name = "main", State = new V1ContainerState { Terminated = new V1ContainerStateTerminated { ExitCode = code, FinishedAt = Now } } }]
                : null,
        },
    };
}
