using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

public sealed class JobTests(LiveCluster cluster)
{
    [Fact]
    public async Task Tasks_that_sometimes_fail_are_restarted_in_place_until_they_succeed()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Manifests.Job("work", "[ -e /data/tried ] || { touch /data/tried; exit 1; }", restart: "OnFailure");
        job.Spec.Completions = job.Spec.Parallelism = 2;
        job.Spec.Template.Spec.Volumes = [new V1Volume { Name = "data", EmptyDir = new V1EmptyDirVolumeSource() }];
        job.Spec.Template.Spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "data", MountPath = "/data" }];
        await RunAsync(space, job, "SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached");
        Assert.All(await space.PodsAsync("work"), pod => Assert.Equal(1, pod.Status.ContainerStatuses[0].RestartCount));
    }

    [Fact]
    public async Task Each_index_has_a_pod_with_its_number_and_a_host_name()
    {
        await using var space = await Space.CreateAsync(cluster);
        var ended = await RunAsync(space, Indexed("echo $JOB_COMPLETION_INDEX $(hostname)", 3), "SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached");
        Assert.Equal(("0-2", 3), (ended.Status.CompletedIndexes, ended.Status.Succeeded));
        var pods = await space.PodsAsync("work");
        Assert.Equal(["0", "1", "2"], pods.Select(pod => pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"]));
        foreach (var (index, pod) in pods.Index())
        {
            Assert.Equal($"{index} work-{index}\n", await space.LogAsync(pod.Metadata.Name));
        }
    }

    [Fact]
    public async Task An_exit_code_may_fail_the_job_at_once()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Manifests.Job("work", "exit 42", spec => spec.PodFailurePolicy = OnExit("FailJob", 42));
        job.Spec.Completions = 4;
        job.Spec.Parallelism = 2;
        var ended = await RunAsync(space, job, "FailureTarget PodFailurePolicy", "Failed PodFailurePolicy");
        Assert.Contains("failed with exit code 42 matching FailJob rule at index 0", ended.Status.Conditions[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disruption_may_be_ignored()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Manifests.Job("work", "trap 'exit 3' TERM; [ -e /marks/$HOSTNAME ] && exit 0; touch /marks/$HOSTNAME; sleep 3600 & wait");
        job.Spec.BackoffLimit = 0;
        job.Spec.CompletionMode = "Indexed";
        job.Spec.Completions = job.Spec.Parallelism = 2;
        job.Spec.PodFailurePolicy = new V1PodFailurePolicy
        {
            Rules = [new V1PodFailurePolicyRule { Action = "Ignore", OnPodConditions = [new V1PodFailurePolicyOnPodConditionsPattern { Type = "DisruptionTarget", Status = "True" }] }],
        };
        var template = job.Spec.Template.Spec;
        template.TerminationGracePeriodSeconds = 10;
        template.Volumes = [new V1Volume { Name = "marks", HostPath = new V1HostPathVolumeSource { Path = $"/tmp/flotilla-{space.Name}", Type = "DirectoryOrCreate" } }];
        template.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "marks", MountPath = "/marks" }];
        await space.Client.BatchV1.CreateNamespacedJobAsync(job, space.Name);
        foreach (var pod in await space.ReadyAsync("work", 2))
        {
            await space.UntilAsync(() => space.ShellAsync(pod.Metadata.Name, "ls /marks"), files => files.Contains(pod.Spec.Hostname, StringComparison.Ordinal));
            await space.Client.CoreV1.CreateNamespacedPodEvictionAsync(new V1Eviction { Metadata = new V1ObjectMeta { Name = pod.Metadata.Name } }, pod.Metadata.Name, space.Name);
        }

        var ended = await space.EndedJobAsync("work");
        Assert.Equal(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"], ended.Conditions());
        Assert.Null(ended.Status.Failed);
        Directory.Delete($"/tmp/flotilla-{space.Name}", recursive: true);
    }

    [Fact]
    public async Task All_indexes_are_tried_though_some_fail()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Indexed("exit $((JOB_COMPLETION_INDEX % 2))", 4);
        job.Spec.BackoffLimitPerIndex = 0;
        var ended = await RunAsync(space, job, "FailureTarget FailedIndexes", "Failed FailedIndexes");
        Assert.Equal(("0,2", "1,3", 2, 2), (ended.Status.CompletedIndexes, ended.Status.FailedIndexes, ended.Status.Succeeded, ended.Status.Failed));
    }

    [Fact]
    public async Task An_index_is_tried_once_more_before_it_is_given_up()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Indexed("exit $((JOB_COMPLETION_INDEX % 2))", 2);
        job.Spec.BackoffLimitPerIndex = 1;
        var ended = await RunAsync(space, job, "FailureTarget FailedIndexes", "Failed FailedIndexes");
        Assert.Equal(("0", "1", 1, 2), (ended.Status.CompletedIndexes, ended.Status.FailedIndexes, ended.Status.Succeeded, ended.Status.Failed));
    }

    [Fact]
    public async Task A_rule_may_give_an_index_up_at_once()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Indexed("[ $JOB_COMPLETION_INDEX = 0 ] && exit 42; exit 0", 2);
        job.Spec.BackoffLimitPerIndex = 3;
        job.Spec.PodFailurePolicy = OnExit("FailIndex", 42);
        var ended = await RunAsync(space, job, "FailureTarget FailedIndexes", "Failed FailedIndexes");
        Assert.Equal(("1", "0", 1), (ended.Status.CompletedIndexes, ended.Status.FailedIndexes, ended.Status.Failed));
    }

    [Fact]
    public async Task Too_many_failed_indexes_end_the_job()
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Indexed("[ $JOB_COMPLETION_INDEX = 0 ] && sleep 3600; exit 1", 3);
        job.Spec.BackoffLimitPerIndex = 0;
        job.Spec.MaxFailedIndexes = 0;
        var ended = await RunAsync(space, job, "FailureTarget MaxFailedIndexesExceeded", "Failed MaxFailedIndexesExceeded");
        Assert.Null(ended.Status.CompletedIndexes);
    }

    [Theory]
    [InlineData(null, null, "0,1", "exit 0")]
    [InlineData("0", null, "0", "[ $JOB_COMPLETION_INDEX = 0 ] || sleep 3600")]
    [InlineData(null, 1, "0", "[ $JOB_COMPLETION_INDEX = 0 ] || sleep 3600")]
    public async Task A_success_policy_says_what_is_enough(string? indexes, int? count, string completed, string command)
    {
        await using var space = await Space.CreateAsync(cluster);
        var job = Indexed(command, 2);
        job.Spec.SuccessPolicy = new V1SuccessPolicy
        {
            Rules = [new V1SuccessPolicyRule { SucceededIndexes = indexes ?? (count is null ? "0-1" : null), SucceededCount = count }],
        };
        var ended = await RunAsync(space, job, "SuccessCriteriaMet SuccessPolicy", "Complete SuccessPolicy");
        Assert.Equal((completed, null), (ended.Status.CompletedIndexes, ended.Status.Failed));
    }

    [Fact]
    public async Task An_orphan_that_matches_is_adopted_and_a_pod_that_does_not_is_let_go()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.BatchV1.CreateNamespacedJobAsync(Manifests.Job("work", "sleep 3600", spec => spec.Parallelism = spec.Completions = 2), space.Name);
        var pod = (await space.ReadyAsync("work", 2))[0].Metadata.Name;
        await space.Client.CoreV1.PatchNamespacedPodAsync(Merge("""{"metadata":{"ownerReferences":null}}"""), pod, space.Name);
        await space.PodAsync(pod, value => value.Metadata.OwnerReferences is [{ Kind: "Job", Controller: true }]);
        await space.Client.CoreV1.PatchNamespacedPodAsync(Merge("""{"metadata":{"labels":null}}"""), pod, space.Name);
        await space.PodAsync(pod, value => value.Metadata.OwnerReferences is not { Count: > 0 } && value.Metadata.Finalizers is not { Count: > 0 });
    }

    [Fact]
    public async Task A_deleted_job_takes_its_pods_along()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.BatchV1.CreateNamespacedJobAsync(Manifests.Job("work", "sleep 3600", spec => spec.Parallelism = spec.Completions = 2), space.Name);
        await space.ReadyAsync("work", 2);
        await space.JobAsync("work", job => job.Status is { Active: 2, Ready: 2 });
        await space.Client.BatchV1.DeleteNamespacedJobAsync("work", space.Name, propagationPolicy: "Foreground");
        await space.UntilAsync(async () => (await space.Client.BatchV1.ListNamespacedJobAsync(space.Name)).Items.Count, count => count == 0);
        Assert.Empty((await space.Client.CoreV1.ListNamespacedPodAsync(space.Name)).Items);
    }

    [Fact]
    public async Task Suspended_it_waits_and_resumed_it_runs()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.BatchV1.CreateNamespacedJobAsync(Manifests.Job("work", "exit 0", spec => spec.Suspend = true), space.Name);
        await space.JobAsync("work", job => job.Conditions().Contains("Suspended JobSuspended"));
        var patched = await space.Client.BatchV1.PatchNamespacedJobAsync(Merge("""{"metadata":{"labels":{"stage":"two"}}}"""), "work", space.Name);
        patched.Metadata.Annotations = new Dictionary<string, string> { ["updated"] = "true" };
        patched.Spec.Suspend = false;
        await space.UntilAsync(
            async () =>
            {
                var fresh = await space.Client.BatchV1.ReadNamespacedJobAsync("work", space.Name);
                fresh.Metadata.Annotations = patched.Metadata.Annotations;
                fresh.Spec.Suspend = false;
                return await space.Client.BatchV1.ReplaceNamespacedJobAsync(fresh, "work", space.Name);
            },
            job => job.Metadata.Annotations.ContainsKey("updated"));
        var ended = await space.EndedJobAsync("work");
        Assert.Equal(["Suspended JobResumed", "SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"], ended.Conditions());
        Assert.Single((await space.Client.BatchV1.ListJobForAllNamespacesAsync(labelSelector: "stage=two")).Items, job => job.Metadata.NamespaceProperty == space.Name);
    }

    [Fact]
    public async Task What_others_write_into_its_status_is_kept()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.BatchV1.CreateNamespacedJobAsync(Manifests.Job("work", "sleep 3600"), space.Name);
        await space.JobAsync("work", job => job.Status.Ready == 1);
        var time = Stamp(DateTime.UtcNow);
        var condition = new { type = "CustomConditionType", status = "True", lastTransitionTime = time, lastProbeTime = time };
        var patched = await space.Client.BatchV1.PatchNamespacedJobStatusAsync(
            Merge(new { metadata = new { annotations = new { patched = "yes" } }, status = new { conditions = new[] { condition } } }), "work", space.Name);
        Assert.Equal("yes", patched.Metadata.Annotations["patched"]);
        await space.JobAsync("work", job => job.Status.Conditions?.Any(found => found.Type == "CustomConditionType") == true && job.Status.Ready == 1);
    }

    [Fact]
    public async Task A_finished_job_goes_when_its_time_is_up()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.Client.BatchV1.CreateNamespacedJobAsync(Manifests.Job("work", "exit 0", spec => spec.TtlSecondsAfterFinished = 1), space.Name);
        await space.UntilAsync(async () => (await space.Client.BatchV1.ListNamespacedJobAsync(space.Name)).Items.Count, count => count == 0);
    }

    private static async Task<V1Job> RunAsync(Space space, V1Job job, params string[] conditions)
    {
        await space.Client.BatchV1.CreateNamespacedJobAsync(job, space.Name);
        var ended = await space.EndedJobAsync("work");
        Assert.Equal(conditions, ended.Conditions());
        Assert.Equal((null, 0, 0), (ended.Status.Active, ended.Status.Ready, ended.Status.Terminating));
        return ended;
    }

    private static V1Job Indexed(string command, int completions) => Manifests.Job("work", command, spec =>
    {
        spec.CompletionMode = "Indexed";
        spec.Completions = spec.Parallelism = completions;
    });

    private static V1PodFailurePolicy OnExit(string action, int code) => new()
    {
        Rules =
        [
            new V1PodFailurePolicyRule
            {
                Action = action,
                OnExitCodes = new V1PodFailurePolicyOnExitCodesRequirement { ContainerName = "main", OperatorProperty = "In", Values = [code] },
            },
        ],
    };
}
