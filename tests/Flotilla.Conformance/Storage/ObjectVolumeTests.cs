using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Storage;

/// <summary>ConfigMaps and Secrets as files: content, paths, modes, users.</summary>
public sealed class ObjectVolumeTests(LiveCluster cluster)
{
    private const string Mapped = "[{key: data-2, path: path/to/data-2}]";
    private const string MappedOwnerOnly = "[{key: data-2, path: path/to/data-2, mode: 0400}]";

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedConfigMap)]
    [InlineData(Source.ProjectedSecret)]
    public Task Keys_are_files_that_everybody_may_read(Source source) =>
        ReadsAsync(source, source.Volume("data"), "data-1", "644", "value-1");

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.ProjectedConfigMap)]
    public Task Another_user_than_root_reads_them(Source source) =>
        ReadsAsync(source, source.Volume("data"), "data-1", "644", "value-1", "{runAsUser: 1000, runAsNonRoot: true}");

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedConfigMap)]
    [InlineData(Source.ProjectedSecret)]
    public Task The_default_mode_is_that_of_every_file(Source source) =>
        ReadsAsync(source, source.Volume("data", "0400"), "data-1", "400", "value-1");

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedConfigMap)]
    [InlineData(Source.ProjectedSecret)]
    public Task Keys_can_be_mapped_to_paths(Source source) =>
        ReadsAsync(source, source.Volume("data", items: Mapped), "path/to/data-2", "644", "value-2");

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.ProjectedConfigMap)]
    public Task Another_user_than_root_reads_mapped_keys(Source source) =>
        ReadsAsync(source, source.Volume("data", items: Mapped), "path/to/data-2", "644", "value-2", "{runAsUser: 1000, runAsNonRoot: true}");

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedConfigMap)]
    [InlineData(Source.ProjectedSecret)]
    public Task A_mapped_key_can_have_a_mode_of_its_own(Source source) =>
        ReadsAsync(source, source.Volume("data", items: MappedOwnerOnly), "path/to/data-2", "400", "value-2");

    [Theory]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedSecret)]
    public Task The_pods_group_may_read_what_the_mode_allows_groups(Source source) =>
        ReadsAsync(source, source.Volume("data", "0440"), "data-1", "440", "value-1", "{runAsUser: 1000, fsGroup: 1001}");

    [Theory]
    [InlineData(Source.ConfigMap)]
    [InlineData(Source.Secret)]
    [InlineData(Source.ProjectedConfigMap)]
    [InlineData(Source.ProjectedSecret)]
    public async Task One_object_can_be_two_volumes_of_a_pod(Source source)
    {
        await using var space = await Space.CreateAsync(cluster);
        await source.SetAsync(space, "data", ("data-1", "value-1"));
        var pod = new MountPod("cat /v/data-1 /w/data-1")
        {
            Volumes = $"{source.Volume("data")}, {source.Volume("data", volume: "w")}",
            Mounts = "{name: v, mountPath: /v, readOnly: true}, {name: w, mountPath: /w, readOnly: true}",
        };
        Assert.Equal("value-1value-1", await space.OutputAsync(pod.ToString()));
    }

    [Fact]
    public async Task A_secret_of_the_same_name_in_another_namespace_does_not_matter()
    {
        await using var other = await Space.CreateAsync(cluster);
        await Source.Secret.SetAsync(other, "data", ("data-1", "other"));
        await ReadsAsync(Source.Secret, Source.Secret.Volume("data"), "data-1", "644", "value-1");
    }

    private async Task ReadsAsync(Source source, string volume, string file, string mode, string content, string security = "{}")
    {
        await using var space = await Space.CreateAsync(cluster);
        await source.SetAsync(space, "data", ("data-1", "value-1"), ("data-2", "value-2"), ("data-3", "value-3"));
        var pod = new MountPod($"stat -Lc %a /v/{file}; cat /v/{file}") { Volumes = volume, Security = security };
        Assert.Equal($"{mode}\n{content}", await space.OutputAsync(pod.ToString()));
    }
}
