using Flotilla.Api.Pods;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Scheduling;
using Flotilla.Swarm.Tasks;
using Flotilla.Swarm.Tests.Services.Control;
using k8s.Models;

namespace Flotilla.Swarm.Tests.Tasks;

public sealed class TaskPodTests
{
    private static readonly SwarmOptions Options = new() { Socket = "", NodeName = "n1" };
    private static readonly V1Node Node = new() { Metadata = new V1ObjectMeta { Name = "n1", Uid = "00000000-0000-0000-0000-000000000001" } };

    private const string Extras = """
        "Image":"web","User":"app:staff","Init":true,"StopSignal":"usr1","Ulimits":[{"Name":"nofile","Soft":10,"Hard":20}],
        "Secrets":[{"SecretID":"s1","SecretName":"one","File":{"Name":"one","UID":"10","GID":"20","Mode":256}}],
        "Configs":[{"ConfigID":"c1","ConfigName":"two","File":{"Name":"/etc/two","UID":"0","GID":"0","Mode":292}}]
        """;

    [Fact]
    public void What_asks_for_the_node_is_filled_in_there()
    {
        var pod = For("""
            "Image":"web","Hostname":"{{.Node.Hostname}}_{{.Task.Slot}}","Env":["A={{.Node.Hostname}} $(X)","B={{.Service.Name}}"],
            "Mounts":[{"Type":"volume","Source":"data-{{.Node.Hostname}}","Target":"/data"},{"Type":"bind","Source":"/srv/{{.Task.Slot}}","Target":"/srv"}]
            """);
        Assert.Null(pod.Spec.Hostname);
        Assert.Equal("web", Assert.Single(pod.Spec.Containers[0].Env, variable => variable.Name == "B").Value);
        var here = TaskOnNode.For("/other")(pod, Node);
        Assert.Equal("n1-1", here.Spec.Hostname);
        Assert.Equal("n1 $$(X)", Assert.Single(here.Spec.Containers[0].Env, variable => variable.Name == "A").Value);
        Assert.Equal("/other/data-n1/_data", here.Spec.Volumes[0].HostPath.Path);
        Assert.Equal("/srv/1", here.Spec.Volumes[1].HostPath.Path);
        Assert.Equal("{{.Node.Hostname}}_{{.Task.Slot}}", pod.Metadata.Annotations[SwarmApi.Hostname]);
    }

    [Fact]
    public void What_Pods_have_no_field_for_is_told_by_annotations()
    {
        var pod = For(Extras, ""","Resources":{"Limits":{"Pids":7}}""");
        Assert.Equal("nofile=10:20", pod.Metadata.Annotations[PodAnnotations.Ulimits]);
        Assert.Equal("7", pod.Metadata.Annotations[PodAnnotations.PidsLimit]);
        Assert.Equal("app:staff", pod.Metadata.Annotations[PodAnnotations.RunAs]);
        Assert.Equal("""{"mount-0/one":"10:20"}""", pod.Metadata.Annotations[PodAnnotations.FileOwners]);
        Assert.Equal((true, "SIGUSR1"), (pod.Spec.ShareProcessNamespace, pod.Spec.Containers[0].Lifecycle.StopSignal));
        Assert.Same(pod, TaskOnNode.For(SwarmOptions.UsualVolumeDirectory)(pod, Node));
    }

    [Fact]
    public void Secrets_that_are_templates_come_from_the_tasks_own()
    {
        var pod = For("""
            "Image":"web","Configs":[{"ConfigID":"template","ConfigName":"two","File":{"Name":"two","Mode":292}}]
            """);
        Assert.Equal(pod.Metadata.Name, pod.Spec.Volumes[0].Secret.SecretName);
        Assert.Equal("config-template", pod.Spec.Volumes[0].Secret.Items[0].Key);
        Assert.Equal("true", pod.Metadata.Annotations[SwarmApi.Rendered]);
    }

    [Fact]
    public void Named_volumes_tell_their_node_what_they_are_to_be()
    {
        var pod = For("""
            "Image":"web","Mounts":[
            {"Type":"volume","Source":"plain","Target":"/a"},{"Type":"volume","Target":"/b"},{"Type":"tmpfs","Target":"/c"},
            {"Type":"volume","Source":"disk","Target":"/d","VolumeOptions":{"NoCopy":true,"Labels":{"on":"{{.Node.Hostname}}"},"DriverConfig":{"Name":"local","Options":{"type":"nfs","o":"addr={{.Service.Name}}","device":":/{{index .Service.Labels \"x\"}}{{.Node.Hostname}}"}}}}]
            """);
        var wanted = NamedVolume.Read(pod.Metadata.Annotations[PodAnnotations.NamedVolumes]);
        Assert.Equal(["mount-0", "mount-3"], wanted.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(new NamedVolume(), wanted["mount-0"]);
        Assert.Equal("addr=web", wanted["mount-3"].Options!["o"]);

        var here = NamedVolume.Read(TaskOnNode.For("/other")(pod, Node).Metadata.Annotations[PodAnnotations.NamedVolumes])["mount-3"];
        Assert.Equal((":/n1", "n1", true), (here.Options!["device"], here.Labels!["on"], here.NoCopy));
    }

    private static V1Pod For(string container, string rest = "") =>
        new TaskPod(Given.Service(template: "{\"ContainerSpec\":{" + container + "}" + rest + "}"), Options, [], null!, new SpreadTree([], [], null!, new Dictionary<string, int>()), id => id == "template").For(new TaskPlace(1), Given.Now);
}
