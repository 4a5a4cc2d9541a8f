//! A launch template's content, to and from EC2's terms. What every instance has, whatever the city says, is here and nowhere else.

use super::launch_template::LaunchTemplateProps;
use super::tag;
use crate::aws::{Aws, Making};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_ec2::types::{
    LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateHttpTokensState,
    LaunchTemplateIamInstanceProfileSpecificationRequest, LaunchTemplateInstanceMetadataEndpointState,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateInstanceNetworkInterfaceSpecificationRequest,
    LaunchTemplateTagSpecificationRequest, LaunchTemplateVersion, RequestLaunchTemplateData, ResourceType, VolumeType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The root disk of Amazon Linux.
const ROOT_DEVICE: &str = "/dev/xvda";

/// The content that makes instances as `props` says: no public address, an encrypted gp3 disk, and the second version of the
/// metadata service only.
pub fn request(aws: &Aws, making: Making<'_>, props: &LaunchTemplateProps) -> CloudResult<RequestLaunchTemplateData> {
    let disk = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_type(VolumeType::Gp3)
        .volume_size(i32::try_from(props.disk_gib).map_err(|e| CloudError::internal(e.to_string()))?)
        .encrypted(true)
        .delete_on_termination(true)
        .build();
    let interface = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
        .device_index(0)
        .associate_public_ip_address(false)
        .delete_on_termination(true)
        .groups(props.security_group.known()?)
        .build();
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::Enabled)
        .http_tokens(LaunchTemplateHttpTokensState::Required)
        .http_put_response_hop_limit(props.metadata_hops)
        .build();
    let profile = LaunchTemplateIamInstanceProfileSpecificationRequest::builder().name(props.profile.known()?);
    let tags = [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface].map(|resource| {
        let tags = tag::specification(aws, making, resource.clone()).tags;
        LaunchTemplateTagSpecificationRequest::builder().resource_type(resource).set_tags(tags).build()
    });
    Ok(RequestLaunchTemplateData::builder()
        .image_id(&props.image)
        .instance_type(props.instance_type.as_str().into())
        .iam_instance_profile(profile.build())
        .block_device_mappings(
            LaunchTemplateBlockDeviceMappingRequest::builder().device_name(ROOT_DEVICE).ebs(disk).build(),
        )
        .network_interfaces(interface)
        .metadata_options(metadata)
        .user_data(STANDARD.encode(&props.user_data))
        .set_tag_specifications(Some(tags.into()))
        .build())
}

/// What a version says. Anything that isn't as [`request`] makes it reads as empty or zero, and so as a difference.
pub fn props(version: &LaunchTemplateVersion) -> LaunchTemplateProps {
    let data = version.launch_template_data();
    let interface = data.and_then(|d| d.network_interfaces().first());
    let disk = data.and_then(|d| d.block_device_mappings().iter().find(|m| m.device_name() == Some(ROOT_DEVICE)));
    let disk = disk.and_then(|m| m.ebs()).filter(|ebs| ebs.encrypted() == Some(true)).and_then(|ebs| ebs.volume_size());
    let metadata = data.and_then(|d| d.metadata_options());
    let tokens = metadata.filter(|m| m.http_tokens().is_some_and(|tokens| tokens.as_str() == "required"));
    let user_data = data.and_then(|d| d.user_data()).and_then(|text| STANDARD.decode(text).ok());
    let profile = data.and_then(|d| d.iam_instance_profile()).and_then(|p| p.name());
    let group = interface.and_then(|i| i.groups().first());
    LaunchTemplateProps {
        name: version.launch_template_name().unwrap_or_default().into(),
        image: data.and_then(|d| d.image_id()).unwrap_or_default().into(),
        instance_type: data.and_then(|d| d.instance_type()).map(|t| t.as_str()).unwrap_or_default().into(),
        profile: profile.unwrap_or_default().into(),
        security_group: group.map(String::as_str).unwrap_or_default().into(),
        disk_gib: disk.and_then(|size| u32::try_from(size).ok()).unwrap_or_default(),
        metadata_hops: tokens.and_then(|m| m.http_put_response_hop_limit()).unwrap_or_default(),
        user_data: user_data.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default(),
    }
}
